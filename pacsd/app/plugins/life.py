"""The enabled plugins: checked, started up one after the other, shut down in reverse."""

from collections.abc import Mapping

from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import HookError, PluginError
from pacsd.api.plugin import Logger, Plugin
from pacsd.api.settings import Settings
from pacsd.app.plugins.hooks import make_hooks, registered

AnyPlugin = Plugin[Settings]


class Plugins:
    """The enabled plugins, constructed and registered, in the order they start up."""

    def __init__(self, plugins: Mapping[str, AnyPlugin], logger: Logger) -> None:
        self._plugins = dict(plugins)
        self._logger = logger
        self._started: list[str] = []
        self.tally = Tally()
        self.hooks = make_hooks(registered(self._plugins), self.tally, self._report)

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
