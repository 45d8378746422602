"""The enabled plugins: checked, started up one after the other, shut down in reverse."""

from collections.abc import Callable, Mapping

from anyio.abc import TaskGroup

from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import HookError, PluginError
from pacsd.api.plugin import Logger
from pacsd.app.conf.decode import Problem
from pacsd.app.conf.errors import ConfigError, ConfigErrors
from pacsd.app.isolation.errors import SettingsRefused
from pacsd.app.isolation.home import Home
from pacsd.app.plugins.hooks import Hooks, make_hooks

Locate = Callable[[Problem], ConfigError]


class Plugins:
    """The enabled plugins, each in its home, in the order they start up.

    `locate` says where in the configuration something is wrong. `hooks` are there once they have
    started.
    """

    def __init__(self, homes: Mapping[str, Home], logger: Logger, locate: Locate) -> None:
        self.homes = dict(homes)
        self.tally = Tally()
        self._logger = logger
        self._locate = locate
        self._started: list[str] = []
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
        try:
            for name, home in self.homes.items():
                self._started.append(name)
                await home.start(tasks)
            self._hooks = make_hooks(self.homes, self.tally, self._report)
        except SettingsRefused as refused:
            await self.stop()
            problems = [below(refused.plugin, each) for each in refused.problems]
            raise ConfigErrors(map(self._locate, problems)) from refused
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Shut down in reverse order what was started; what fails is logged."""
        while self._started:
            await self.homes[self._started.pop()].stop()

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
