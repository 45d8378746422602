"""The plugins that the configuration names: imported, decoded, constructed and registered."""

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from pacsd.api.errors import PluginError
from pacsd.api.plugin import Host, Logger, Plugin
from pacsd.api.settings import Settings
from pacsd.app.conf.decode import Problem, decode_strictly, find_problems
from pacsd.app.conf.errors import ConfigError, ConfigErrors
from pacsd.app.conf.setting_keys import format_path, nearest
from pacsd.app.conf.settings import Config
from pacsd.app.plugins.available import available
from pacsd.app.plugins.life import AnyPlugin, Plugins

Locate = Callable[[Problem], ConfigError]


def without_place(problem: Problem) -> ConfigError:
    """A configuration error that names the key but no file and no line."""
    return ConfigError("", None, format_path(problem.path), problem.value, problem.rule)


def load(
    config: Config,
    data_dir: Path,
    logger: Callable[[str], Logger],
    *,
    locate: Locate = without_place,
    installed: Mapping[str, importlib.metadata.EntryPoint] | None = None,
) -> Plugins:
    """Import, decode, construct and register the plugins the configuration names.

    `logger` makes the logger of a name; `installed` stands in for `available()`.

    Raises:
        ConfigErrors: a plugin is not installed, or keys of its table are wrong; all at once.
        PluginError: a plugin cannot be imported or constructed, or its hooks do not fit.
    """
    installed = available() if installed is None else installed
    tables = {config.store.name: {}, **config.plugins}
    missing = [_not_installed(name, config, list(installed)) for name in set(tables) - {*installed}]
    if missing:
        raise ConfigErrors(map(locate, missing))
    classes = {name: _import(installed[name]) for name in tables}
    settings = _decode_all(classes, tables, locate)
    plugins = {
        name: _construct(plugin_class, Host(name, data_dir, logger(name)), settings[name])
        for name, plugin_class in classes.items()
    }
    return Plugins(plugins, logger("plugins"))


def _not_installed(name: str, config: Config, installed: Sequence[str]) -> Problem:
    path = ("plugins", name) if name in config.plugins else ("store", "name")
    meant = nearest(name, installed)
    rule = f"plugin '{name}' is not installed"
    return Problem(path, "", f"{rule}; did you mean {meant}?" if meant else rule)


def _import(entry_point: importlib.metadata.EntryPoint) -> type[AnyPlugin]:
    try:
        loaded = entry_point.load()
    except Exception as error:
        raise PluginError(entry_point.name, f"cannot be imported: {error}") from error
    if not (isinstance(loaded, type) and issubclass(loaded, Plugin)):
        raise PluginError(entry_point.name, f"{entry_point.value} is no pacsd.api.plugin.Plugin")
    return loaded


def _decode_all(
    classes: Mapping[str, type[AnyPlugin]],
    tables: Mapping[str, Mapping[str, object]],
    locate: Locate,
) -> dict[str, Settings]:
    settings: dict[str, Settings] = {}
    problems: list[Problem] = []
    for name, plugin_class in classes.items():
        model = plugin_class.settings_class
        try:
            settings[name] = decode_strictly(model, tables[name])
        except ValidationError as error:
            problems += find_problems(model, error, ("plugins", name))
    if problems:
        raise ConfigErrors(map(locate, problems))
    return settings


def _construct(plugin_class: type[AnyPlugin], host: Host, settings: Settings) -> AnyPlugin:
    try:
        return plugin_class(host, settings)
    except Exception as error:
        raise PluginError(host.name, f"cannot be constructed: {error}") from error
