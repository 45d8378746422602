"""The plugins that the configuration names, each given a home; nothing is imported yet."""

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pacsd.api.plugin import Host, Logger
from pacsd.app.conf.decode import Problem
from pacsd.app.conf.errors import ConfigError, ConfigErrors
from pacsd.app.conf.setting_keys import format_path, nearest
from pacsd.app.conf.settings import Config
from pacsd.app.isolation.home import Home
from pacsd.app.plugins.available import available
from pacsd.app.plugins.homes import home_of
from pacsd.app.plugins.life import Locate, Origin, Plugins, below
from pacsd.app.plugins.living import LivingRefused
from pacsd.app.plugins.services import HostServices


def without_place(problem: Problem) -> ConfigError:
    """A configuration error that names the key but no file and no line."""
    return ConfigError("", None, format_path(problem.path), problem.value, problem.rule)


def load(
    config: Config,
    data_dir: Path,
    logger: Callable[[str], Logger],
    *,
    services: HostServices | None = None,
    locate: Locate = without_place,
    installed: Mapping[str, importlib.metadata.EntryPoint] | None = None,
) -> Plugins:
    """The plugins the configuration names.

    `logger` makes the logger of a name; `services` are what plugins may ask for, if that is
    anything; `installed` stands in for `available()`.

    Raises:
        ConfigErrors: a plugin is not installed, or may not live where it is to; all at once.
        PluginError: two packages give a plugin the same name.
    """
    installed = available() if installed is None else installed
    tables = tables_of(config)
    missing = [_not_installed(name, config, list(installed)) for name in set(tables) - {*installed}]
    if missing:
        raise ConfigErrors(map(locate, missing))
    homes: dict[str, Home] = {}
    problems: list[Problem] = []
    for name, table in tables.items():
        try:
            host = Host(name, data_dir, logger(name))
            if services is not None:
                host = services.host(host)
            homes[name] = home_of(installed[name], table, host)
        except LivingRefused as refused:
            problems += [below(name, each) for each in refused.problems]
    if problems:
        raise ConfigErrors(map(locate, problems))
    return Plugins(homes, logger("plugins"), locate, origins_of(config, installed))


def origins_of(
    config: Config, installed: Mapping[str, importlib.metadata.EntryPoint]
) -> dict[str, Origin]:
    """What each plugin that is enabled is made of; one that is not there has no entry point, ''."""
    return {
        name: Origin(installed[name].value if name in installed else "", table)
        for name, table in tables_of(config).items()
    }


def tables_of(config: Config) -> dict[str, Mapping[str, object]]:
    """The table of each plugin that is enabled.

    Those of the stores are the last, the first store's at the very end: they may be made of what
    others give, so that they start after them and are shut down before.
    """
    names = config.store.names
    others = {each: table for each, table in config.plugins.items() if each not in names}
    return {**others, **{name: config.plugins.get(name, {}) for name in reversed(names)}}


def _not_installed(name: str, config: Config, installed: Sequence[str]) -> Problem:
    path = ("plugins", name) if name in config.plugins else _named_at(name, config)
    meant = nearest(name, installed)
    rule = f"plugin '{name}' is not installed"
    return Problem(path, "", f"{rule}; did you mean {meant}?" if meant else rule)


def _named_at(name: str, config: Config) -> tuple[str | int, ...]:
    """Which key of a store names a plugin without a table."""
    if name in config.store.others:
        return ("store", "others", config.store.others.index(name))
    return ("store", "name")
