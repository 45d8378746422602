"""What `pacsd plugins list` says of each plugin, to people and to programs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from pacsd.dicom.text import printable

if TYPE_CHECKING:
    from pacsd.app.admin.plugin_records import HookCount, PluginState
    from pacsd.app.plugins.available import InstalledPlugin


def describe_plugin(
    plugin: "InstalledPlugin",
    enabled: Sequence[str],
    counts: "Sequence[HookCount] | None",
    states: "Sequence[PluginState] | None",
) -> Iterator[str]:
    """A plugin: whether it is enabled, where it comes from, how it is, what its hooks did."""
    is_enabled = "enabled" if plugin.name in enabled else "not enabled"
    told = _state(plugin.name, enabled, states)
    yield f"{printable(plugin.name)}: {is_enabled}, {_origin(plugin)}{told}"
    for count in counts or ():
        if count.plugin == plugin.name:
            yield f"  {_counted(count)}"


def plugins_as_json(
    plugins: "Sequence[InstalledPlugin]",
    enabled: Sequence[str],
    counts: "Sequence[HookCount] | None",
    states: "Sequence[PluginState] | None",
) -> list[dict[str, object]]:
    """The same for programs; `hooks` is null when no daemon runs, `state` of one it has not."""
    return [
        {
            **asdict(plugin),
            "is_first_party": plugin.is_first_party,
            "is_enabled": plugin.name in enabled,
            "state": next(
                (asdict(state) for state in states or () if state.plugin == plugin.name), None
            ),
            "hooks": None
            if counts is None
            else [asdict(count) for count in counts if count.plugin == plugin.name],
        }
        for plugin in plugins
    ]


def _state(name: str, enabled: Sequence[str], states: "Sequence[PluginState] | None") -> str:
    """How one is, if that is not what is to be expected."""
    found = next((state for state in states or () if state.plugin == name), None)
    if found is None:
        return "; the daemon does not run it: reload" if states and name in enabled else ""
    if name not in enabled:
        return "; the daemon still runs it: reload"
    return "" if found.is_well else f"; ill: {printable(found.explanation)}"


def _origin(plugin: "InstalledPlugin") -> str:
    if not plugin.package:
        return "no package brings it: it is not installed"
    whose = "first-party" if plugin.is_first_party else "third-party"
    return f"{whose}, of {printable(plugin.package)} {printable(plugin.version)}"


def _counted(count: "HookCount") -> str:
    calls = f"{count.calls:,} {'call' if count.calls == 1 else 'calls'}"
    told = f"{printable(count.hook)}: {calls} in {count.seconds:.3f} s, {count.failures:,} failed"
    if count.not_asked:
        told += f", {count.not_asked:,} times not asked"
    if count.rests_s:
        told += f"; failed too often, rests for {count.rests_s:.0f} s more"
    return told
