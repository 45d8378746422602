"""The enabled plugins: checked, started up one after the other, shut down in reverse."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from anyio.abc import TaskGroup

from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import HookError, PluginError
from pacsd.api.plugin import Logger
from pacsd.app.conf.decode import Problem
from pacsd.app.conf.errors import ConfigError, ConfigErrors
from pacsd.app.isolation.errors import SettingsRefused
from pacsd.app.isolation.home import Home
from pacsd.app.plugins.hooks import Hooks, make_hooks
from pacsd.app.plugins.leaving import Leaving

Locate = Callable[[Problem], ConfigError]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a plugin was made of: its entry point, and its table in the configuration."""

    entry_point: str
    table: Mapping[str, object]


class Plugins:
    """The enabled plugins, each in its home, in the order they start up.

    `locate` says where in the configuration something is wrong, `origins` what each plugin was made
    of; `stores` are the names of the configured ones. `hooks` are there once they have started.
    """

    def __init__(
        self,
        homes: Mapping[str, Home],
        logger: Logger,
        locate: Locate,
        origins: Mapping[str, Origin] | None = None,
        stores: Collection[str] = (),
    ) -> None:
        self.homes = dict(homes)
        self.origins = dict(origins or {})
        self.tally = Tally()
        self._stores = tuple(stores)
        self._logger = logger
        self._locate = locate
        self._started: list[Home] = []
        self._leaving: dict[Leaving, str] = {}
        self._tasks: TaskGroup | None = None
        self._hooks: Hooks | None = None

    @property
    def hooks(self) -> Hooks:
        """The hooks of all of them, from `start` on."""
        if self._hooks is None:
            raise RuntimeError("hooks before start")
        return self._hooks

    def check(self) -> list[PluginError]:
        """Everything that would keep a plugin from working; touches nothing. Blocks.

        Raises:
            ConfigErrors: tables do not fit their plugins' settings; all at once.
        """
        faults: list[PluginError] = []
        problems: list[Problem] = []
        for name, home in self.homes.items():
            try:
                faults += [PluginError(name, sentence) for sentence in home.check()]
            except SettingsRefused as refused:
                problems += [below(name, each) for each in refused.problems]
            except PluginError as error:
                faults.append(error)
        if problems:
            raise ConfigErrors(map(self._locate, problems))
        return faults

    async def start(self, tasks: TaskGroup) -> None:
        """Start up one after the other; when one fails, the others are shut down again.

        What they need beside themselves runs in `tasks` until they are stopped.

        Raises:
            PluginError: one of them did not start, or hooks do not fit together.
            ConfigErrors: a table does not fit its plugin's settings.
        """
        self._tasks = tasks
        try:
            for home in self.homes.values():
                self._started.append(home)
                await home.start(tasks)
            self._hooks = make_hooks(self.homes, self.tally, self._report, self._stores)
        except SettingsRefused as refused:
            await self.stop()
            problems = [below(refused.plugin, each) for each in refused.problems]
            raise ConfigErrors(map(self._locate, problems)) from refused
        except BaseException:
            await self.stop()
            raise

    @property
    def tasks(self) -> TaskGroup:
        """In which they live, from `start` on."""
        if self._tasks is None:
            raise RuntimeError("tasks before start")
        return self._tasks

    @property
    def leaving(self) -> tuple[str, ...]:
        """Those that are asked no more, but have not been shut down yet."""
        return tuple(self._leaving.values())

    def hooks_with(self, homes: Mapping[str, Home]) -> Hooks:
        """The hooks as they would be with these plugins; they are not counted."""
        return make_hooks(homes, Tally(), self._report, self._stores)

    def replace(
        self, homes: Mapping[str, Home], origins: Mapping[str, Origin], fresh: Collection[str]
    ) -> None:
        """Have these asked from now on, all in one step; `fresh` have just been started.

        Those that are not among them are shut down once what they were asked has ended.
        """
        gone = {name: home for name, home in self.homes.items() if homes.get(name) is not home}
        self.tally.begin_anew(fresh)
        lineups = self.hooks.replace(homes, gone)
        self.homes, self.origins = dict(homes), dict(origins)
        self._started = list(homes.values())
        for name, home in gone.items():
            calls = {hook: lineups[hook] for hook in home.hooks}
            leaving = Leaving(name, home, calls, self._logger)
            self._leaving[leaving] = name
            self.tasks.start_soon(self._see_off, leaving, name=f"end of plugin {name}")

    async def _see_off(self, leaving: Leaving) -> None:
        try:
            await leaving.run()
        finally:
            del self._leaving[leaving]
        self.tally.keep_only(self.hooks.implemented)

    async def stop(self) -> None:
        """Shut down in reverse order what was started; what fails is logged."""
        for leaving in [*self._leaving]:
            await leaving.hurried()
        while self._started:
            await self._started.pop().stop()

    def _report(self, error: HookError) -> None:
        self._logger.error(
            "hook failed",
            plugin=error.plugin,
            hook=error.hook,
            error=error.explanation,
            exc_info=error.__cause__,
        )


def below(name: str, problem: Problem) -> Problem:
    """What is wrong in the table of a plugin, as seen from the whole configuration."""
    return Problem(("plugins", name, *problem.path), problem.value, problem.rule)
