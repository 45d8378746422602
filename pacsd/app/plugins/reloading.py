"""The plugins of a daemon, exchanged while it runs for those of another configuration."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint

import anyio

from pacsd.api.errors import PluginError
from pacsd.app.conf.errors import ConfigErrors
from pacsd.app.conf.settings import Config
from pacsd.app.isolation.errors import SettingsRefused
from pacsd.app.isolation.home import Home
from pacsd.app.plugins.available import available
from pacsd.app.plugins.checking import plugin_faults
from pacsd.app.plugins.hooks import Hooks
from pacsd.app.plugins.life import Locate, Origin, Plugins, below
from pacsd.app.plugins.loading import origins_of

CHECK_DEADLINE_S = 30.0
"""For all that are new, together."""

MAX_LEAVING = 16
"""Plugins of earlier reloads that have not been shut down yet."""

Load = Callable[[Config, Locate], Plugins]
Prepare = Callable[[Hooks], Awaitable[Callable[[], None]]]
"""Sees whether plugins go together, by their hooks as they will be; gives what else is done then.

Raises PluginError or HookError if they do not.
"""
Installed = Callable[[], Mapping[str, EntryPoint]]


class NotExchanged(Exception):
    """All stays as it was; `reasons` are all there are, a line each."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The names of those that were started, are being stopped, and went on running.

    One that was changed is among both the started and the stopped.
    """

    started: tuple[str, ...]
    stopped: tuple[str, ...]
    kept: tuple[str, ...]


class Exchange:
    """Exchanges plugins that run. `load` gives those of a configuration, without starting any."""

    def __init__(self, plugins: Plugins, load: Load, installed: Installed = available) -> None:
        self.plugins = plugins
        self._load = load
        self._installed = installed

    @property
    def pinned(self) -> frozenset[str]:
        """Those that give the store, or what it is made of: they stay until the daemon ends."""
        return frozenset(self.plugins.hooks.blob_store.plugins)

    async def exchange(self, config: Config, locate: Locate, prepare: Prepare) -> Exchanged:
        """Run the plugins of a configuration: those that are as they were go on.

        The others are checked and started first; then all hooks are swapped, and what is prepared
        is done, in one step in which nothing else happens. Nobody else may exchange meanwhile.

        Raises:
            NotExchanged: one of them does not start, or they do not go together.
        """
        origins, new = self._origins(config)
        await self._check(config, new, locate)
        fresh = await self._started(self._loaded(config, locate), new, locate)
        running = self.plugins.homes
        homes = {name: fresh.get(name) or running[name] for name in origins}
        then = await self._prepared(homes, fresh, prepare)
        stopped = tuple(name for name in running if homes.get(name) is not running[name])
        self.plugins.replace(homes, origins, new)
        then()
        return Exchanged(new, stopped, tuple(name for name in homes if name not in fresh))

    def _origins(self, config: Config) -> tuple[dict[str, Origin], tuple[str, ...]]:
        """What all are made of, and the names of those that do not run like this."""
        try:
            origins = origins_of(config, self._installed())
        except PluginError as error:
            raise NotExchanged([str(error)]) from error
        running, pinned = self.plugins.origins, self.pinned
        origins |= {name: running[name] for name in origins.keys() & pinned}
        new = tuple(name for name in origins if running.get(name) != origins[name])
        leaving = self.plugins.leaving
        if len(leaving) + len(new) > MAX_LEAVING:
            named = ", ".join(leaving)
            raise NotExchanged([f"plugins of earlier reloads have yet to end: {named}"])
        return origins, new

    async def _check(self, config: Config, new: Sequence[str], locate: Locate) -> None:
        find = partial(plugin_faults, config, new, locate=locate, installed=self._installed())
        with anyio.move_on_after(CHECK_DEADLINE_S) as scope:
            faults = await anyio.to_thread.run_sync(lambda: list(find()), abandon_on_cancel=True)
        if scope.cancelled_caught:
            faults = [f"plugins were not checked within {CHECK_DEADLINE_S:g} s: {', '.join(new)}"]
        if faults:
            raise NotExchanged(faults)

    def _loaded(self, config: Config, locate: Locate) -> Plugins:
        try:
            return self._load(config, locate)
        except ConfigErrors as errors:
            raise NotExchanged([str(error) for error in errors.errors]) from errors
        except PluginError as error:
            raise NotExchanged([str(error)]) from error

    async def _started(
        self, loaded: Plugins, new: Sequence[str], locate: Locate
    ) -> dict[str, Home]:
        """Start the new ones; if one does not, none of them stays."""
        homes = {name: loaded.homes[name] for name in new}
        reasons: list[str] = []
        is_well = False
        try:
            for name, home in homes.items():
                reasons += await self._reasons_not_to_start(name, home, locate)
            is_well = not reasons
        finally:
            if not is_well:
                await _stopped(homes)
        if reasons:
            raise NotExchanged(reasons)
        return homes

    async def _prepared(
        self, homes: Mapping[str, Home], fresh: Mapping[str, Home], prepare: Prepare
    ) -> Callable[[], None]:
        """What is done with the swap; if they do not go together, the new ones do not stay."""
        then = None
        try:
            then = await prepare(self.plugins.hooks_with(homes))
        except PluginError as error:
            raise NotExchanged([str(error)]) from error
        finally:
            if then is None:
                await _stopped(fresh)
        return then

    async def _reasons_not_to_start(self, name: str, home: Home, locate: Locate) -> list[str]:
        """Start one; why it does not, if so."""
        try:
            await home.start(self.plugins.tasks)
        except SettingsRefused as refused:
            return [str(locate(below(name, each))) for each in refused.problems]
        except PluginError as error:
            return [str(error)]
        return []


async def _stopped(homes: Mapping[str, Home]) -> None:
    """Stop them, the last one first, whoever gives up waiting."""
    with anyio.CancelScope(shield=True):
        for home in reversed([*homes.values()]):
            await home.stop()
