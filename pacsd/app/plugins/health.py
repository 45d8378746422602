"""How the plugins do: where they live, and what they say themselves."""

import time
from collections.abc import Callable, Mapping

import anyio

from pacsd.api.dispatch.all_asked import Collect
from pacsd.api.errors import HookError
from pacsd.api.health import Health
from pacsd.app.isolation.home import Home, State

ASKED_EVERY_S = 5.0
"""At most, however often somebody looks."""

WELL = Health(is_well=True)


class PluginHealth:
    """Asks while `run` runs, whenever somebody has looked. `homes` are those of the plugins now."""

    def __init__(
        self,
        hook: Collect[Health],
        homes: Callable[[], Mapping[str, Home]],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hook = hook
        self._homes = homes
        self._clock_s = clock_s
        self._looked = anyio.Event()
        self._asking = anyio.Lock()
        self._asked_at_s: float | None = None
        self._known: Mapping[str, Health] = {}

    def look(self) -> Mapping[str, Health]:
        """As it was after the last look, by the plugins' names; whoever looks waits for nothing."""
        self._looked.set()
        return self._known

    async def now(self) -> Mapping[str, Health]:
        """As it is now, or was a few seconds ago."""
        async with self._asking:
            now_s = self._clock_s()
            if self._asked_at_s is None or now_s - self._asked_at_s >= ASKED_EVERY_S:
                self._known = await self._asked()
                self._asked_at_s = self._clock_s()
        return self._known

    async def run(self) -> None:
        """Ask at once, and after each look, until cancelled."""
        while True:
            await self.now()
            await self._looked.wait()
            self._looked = anyio.Event()

    def forget(self) -> None:
        """Ask at once: other plugins run now."""
        self._asked_at_s = None
        self._looked.set()

    async def _asked(self) -> dict[str, Health]:
        said = dict(await self._hook.each())
        return {name: _health(home, said.get(name)) for name, home in self._homes().items()}


def _health(home: Home, said: Health | HookError | None) -> Health:
    """What its home knows, then what it says: whether it says anything is a sign of life, too."""
    lives = home.health()
    if lives.state is not State.RUNNING:
        return Health(is_well=False, explanation=f"is not running: {lives.state}")
    if isinstance(said, HookError):
        return Health(is_well=False, explanation=said.explanation)
    return said or WELL
