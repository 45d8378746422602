"""Which kinds of events the rules of plugins look at: what no rule looks at costs no question.

Rules may change without anybody being told, as when a plugin's process is started anew: what was
said is believed for some seconds only.
"""

import time
from collections.abc import Awaitable, Callable, Collection

from pacsd.api.events import EventKind
from pacsd.api.routing import ROUTED

BELIEVED_FOR_S = 10.0

AskKinds = Callable[[str], Awaitable[Collection[EventKind] | None]]
"""Asks a plugin; None: it does not say."""


class RoutedKinds:
    """Knows them by plugin; whoever cannot say is asked about all."""

    def __init__(self, ask: AskKinds, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock_s = clock_s
        self._said: dict[str, tuple[Collection[EventKind], float]] = {}

    async def of(self, plugin: str) -> Collection[EventKind]:
        """The kinds that a plugin is to be asked about."""
        said = self._said.get(plugin)
        if said is not None and self._clock_s() < said[1]:
            return said[0]
        try:
            kinds = await self._ask(plugin)
        except Exception:  # noqa: BLE001 - the question about an event fails, and is told of, next
            kinds = None
        kinds = ROUTED if kinds is None else kinds
        self._said[plugin] = kinds, self._clock_s() + BELIEVED_FOR_S
        return kinds
