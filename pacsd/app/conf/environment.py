"""Settings from environment variables: PACSD_DIMSE__MAX_ASSOCIATIONS=200."""

import json
import re
from collections.abc import Iterator, Mapping

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from pacsd.app.conf.errors import ConfigError
from pacsd.app.conf.options import ENVIRONMENT, OPTION_KEYS, SHORT_VARIABLES, short_overrides
from pacsd.app.conf.setting_keys import (
    ENVIRONMENT_PREFIX,
    ENVIRONMENT_SEPARATOR,
    nearest,
    setting_keys,
)
from pacsd.app.conf.settings import Config
from pacsd.app.conf.sources import Origin, Override
from pacsd.app.conf.toml_lines import KeyPath

_PLUGINS = f"{ENVIRONMENT_PREFIX}PLUGINS{ENVIRONMENT_SEPARATOR}"
# Not settings: Kubernetes sets the first kind in every container beside a service named `pacsd`,
# the others belong to test campaigns.
_FOREIGN = re.compile(r"PACSD_(SERVICE_(HOST|PORT\w*)|PORT(_\d+_\w+)?|FUZZ_\w+|TEST_\w+)")
_SURROGATES = {chr(code) for code in range(0xDC80, 0xDD00)}  # what os.environ makes of other bytes


class _EnvironmentConfig(Config, BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter=ENVIRONMENT_SEPARATOR
    )


class _Source(EnvSettingsSource):
    """pydantic-settings' reader, over given variables instead of those of the process."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = {name.lower(): value for name, value in variables.items()}
        super().__init__(_EnvironmentConfig)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return self._variables

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: object) -> object:
        """Read a list as JSON; what is not JSON stays text, which separates items by commas."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def read_environment(environ: Mapping[str, str]) -> tuple[list[Override], list[ConfigError]]:
    """Return the settings that the variables give, and what is wrong with them.

    PACSD_CONFIG, PACSD_PEER and PACSD_HTTP_TOKEN, which set no key, are known but left to others.
    """
    ours = {
        name: value
        for name, value in environ.items()
        if name.startswith(ENVIRONMENT_PREFIX) and not _FOREIGN.fullmatch(name)
    }
    errors = {name: rule for name in ours if (rule := _fault(name, ours))}
    sound = {name: value for name, value in ours.items() if name not in errors}
    tree = _Source({name: text for name, text in sound.items() if name not in SHORT_VARIABLES})()
    overrides = [
        Override(path, _typed(path, value), Origin(ENVIRONMENT, _name(path)))
        for path, value in _leaves(tree)
    ]
    return (
        [*overrides, *short_overrides(sound)],
        [ConfigError(ENVIRONMENT, None, name, "", rule) for name, rule in errors.items()],
    )


def _fault(name: str, ours: Mapping[str, str]) -> str:
    """Say what is wrong with a variable beside its value as a setting, "" when nothing is."""
    known = _known_names()
    if name not in known and not name.startswith(_PLUGINS):
        meant = nearest(name, known)
        return f"unknown variable; did you mean {meant}?" if meant else "unknown variable"
    if any(character in _SURROGATES for character in ours[name]):
        return "is not UTF-8"
    for key in OPTION_KEYS:
        long_name = _name(key.path)
        if name == key.variable != long_name and long_name in ours:
            return f"{long_name} sets the same; set one of them"
    return ""


def _typed(path: KeyPath, value: object) -> object:
    """Read a plugin's value as JSON where it is; only the plugin knows its type, and strictly."""
    if path[0] != "plugins" or not isinstance(value, str):
        return value
    try:
        typed: object = json.loads(value)
    except ValueError:
        return value
    return typed


def _known_names() -> list[str]:
    return sorted({key.environment_name for key in setting_keys(Config)}.union(SHORT_VARIABLES))


def _name(path: KeyPath) -> str:
    return ENVIRONMENT_PREFIX + ENVIRONMENT_SEPARATOR.join(str(part) for part in path).upper()


def _leaves(tree: Mapping[str, object], prefix: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*prefix, name))
        else:
            yield (*prefix, name), value
