"""Plugins from entry point to shutdown.

    available -> load (import, decode, construct, register) -> check -> start ... stop

Installing a plugin does not enable it: only those the configuration names are imported.
"""

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pluggy
from pydantic import ValidationError

from pacsd.api import hooks
from pacsd.api.acceptance import Refusal
from pacsd.api.dispatch import First, Provider, freeze
from pacsd.api.errors import HookError, PluginError
from pacsd.api.plugin import ENTRY_POINT_GROUP, Host, Logger, Plugin
from pacsd.api.settings import Settings
from pacsd.api.store import BlobStore
from pacsd.app.conf.decode import Problem, decode_strictly, find_problems
from pacsd.app.conf.errors import ConfigError, ConfigErrors
from pacsd.app.conf.setting_keys import format_path, nearest
from pacsd.app.conf.settings import Config

ASSOCIATION_DEADLINE_S = 5.0
PROVIDER_DEADLINE_S = 30.0

# Rejected-transient, by the service user, no reason given (PS3.8 table 9-21): ask again later.
_TRANSIENT = (2, 1, 1)

AnyPlugin = Plugin[Settings]
Locate = Callable[[Problem], ConfigError]


@dataclass(frozen=True, slots=True)
class Hooks:
    """The hooks as the core calls them."""

    association_requested: First[Refusal]
    blob_store: Provider[BlobStore]


def without_place(problem: Problem) -> ConfigError:
    """A configuration error that names the key but no file and no line."""
    return ConfigError("", None, format_path(problem.path), problem.value, problem.rule)


def available() -> dict[str, importlib.metadata.EntryPoint]:
    """The installed plugins by name; imports none of them.

    Raises:
        PluginError: two packages give a plugin the same name.
    """
    found: dict[str, importlib.metadata.EntryPoint] = {}
    for entry_point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        other = found.setdefault(entry_point.name, entry_point)
        if other.value != entry_point.value:
            raise PluginError(
                entry_point.name, f"provided twice, by {other.value} and {entry_point.value}"
            )
    return found


class Plugins:
    """The enabled plugins, constructed and registered, in the order they start up."""

    def __init__(self, plugins: Mapping[str, AnyPlugin], logger: Logger) -> None:
        self._plugins = dict(plugins)
        self._logger = logger
        self._started: list[str] = []
        self.hooks = _freeze(_registered(self._plugins), self._report)

    def check(self) -> list[PluginError]:
        """Everything that would keep a plugin from working; touches nothing. Blocks."""
        return [
            PluginError(name, sentence)
            for name, plugin in self._plugins.items()
            for sentence in plugin.check()
        ]

    async def start(self) -> None:
        """Start up one after the other; when one fails, the others are shut down again.

        Raises:
            PluginError: one of them did not start.
        """
        for name, plugin in self._plugins.items():
            self._started.append(name)
            try:
                await plugin.startup()
            except Exception as error:
                await self.stop()
                raise PluginError(name, f"did not start: {error}") from error

    async def stop(self) -> None:
        """Shut down in reverse order what was started, whatever any of them raises."""
        while self._started:
            name = self._started.pop()
            try:
                await self._plugins[name].shutdown()
            except Exception:
                self._logger.exception("plugin shutdown failed", plugin=name)

    def _report(self, error: HookError) -> None:
        self._logger.error(
            "hook failed",
            plugin=error.plugin,
            hook=error.hook,
            error=error.explanation,
            exc_info=error.__cause__,
        )


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


def _registered(plugins: Mapping[str, AnyPlugin]) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    for name, plugin in plugins.items():
        try:
            manager.register(plugin, name)
            # Misspelt hooks pass until somebody asks for what is pending.
            manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(name, str(error)) from error
    return manager


def _freeze(manager: pluggy.PluginManager, on_error: Callable[[HookError], None]) -> Hooks:
    return Hooks(
        association_requested=First(
            "pacsd_association_requested",
            freeze(manager, "pacsd_association_requested"),
            Refusal,
            deadline_s=ASSOCIATION_DEADLINE_S,
            closed=lambda error: Refusal(*_TRANSIENT, explanation=str(error)),
            on_error=on_error,
        ),
        blob_store=Provider(
            "pacsd_blob_store",
            freeze(manager, "pacsd_blob_store"),
            deadline_s=PROVIDER_DEADLINE_S,
        ),
    )
