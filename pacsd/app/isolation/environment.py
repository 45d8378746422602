"""What a plugin's process learns of the daemon's environment: nothing that may be a secret."""

from collections.abc import Mapping

_PASSED = {"PATH", "HOME", "LANG", "TZ"}
_PREFIXES = ("PYTHON", "PACSD_PLUGIN_")


def environment_of_plugin(environment: Mapping[str, str]) -> dict[str, str]:
    """Those variables that find programs and Python, and those named after plugins."""
    return {
        name: value
        for name, value in environment.items()
        if name in _PASSED or name.startswith(_PREFIXES)
    }
