"""The configuration that holds, each value with where it comes from."""

import re
from collections.abc import Iterator

from pacsd.app.conf.docs import toml_value
from pacsd.app.conf.setting_keys import format_path
from pacsd.app.conf.settings import Config
from pacsd.app.conf.sources import Sources
from pacsd.app.conf.toml_lines import KeyPath

# Only a plugin's own class knows which of its keys are secret; their names tell here.
_SECRET = re.compile(r"password|passphrase|secret|token|credential|(^|_)key$", re.IGNORECASE)


def show(config: Config, sources: Sources) -> str:
    """Write each key that has a value, `KEY = VALUE  # ORIGIN`; secrets are not written."""
    lines = [
        f"{format_path(path)} = {_redacted(path, value)}  # {sources.origin(path)}"
        for path, value in _leaves(config.model_dump(mode="json"), ())
    ]
    return "\n".join(lines)


def _redacted(path: KeyPath, value: object) -> str:
    is_secret = path[0] == "plugins" and any(_SECRET.search(str(part)) for part in path[2:])
    return '"***"' if is_secret else toml_value(value)


def _leaves(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    elif value is not None:
        yield path, value
