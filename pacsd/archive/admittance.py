"""Whether an instance is let in, decided by somebody else while the rest of it arrives."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeAlias

import anyio

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.receiving import NotAccepted, ReceivedInstance
from pacsd.archive.identity import Unacceptable

Decide: TypeAlias = Callable[[ReceivedInstance], Awaitable[NotAccepted | None]]
"""Decides within a bounded time; never raises, but for cancellation."""

Spawn: TypeAlias = Callable[[Callable[[], Coroutine[None, None, None]]], bool]


class Admittance:
    """Of one instance. `refuse` is told why it stays out, unless nobody objects."""

    def __init__(self, decide: Decide, spawn: Spawn, refuse: Callable[[Exception], None]) -> None:
        self._decide = decide
        self._spawn = spawn
        self._refuse = refuse
        self._decided = anyio.Event()
        self.is_asked = False

    def ask(self, instance: ReceivedInstance) -> None:
        """Have it decided, once; does not wait."""
        self.is_asked = True

        async def decide() -> None:
            try:
                refusal = await self._decide(instance)
                if refusal is not None:
                    self._refuse(Unacceptable(refusal.status, refusal.comment))
            except anyio.get_cancelled_exc_class():
                self._refuse(_ended())
                raise
            finally:
                self._decided.set()

        if not self._spawn(decide):
            self._refuse(_ended())
            self._decided.set()

    async def decided(self) -> None:
        """Return once it is decided, if that was asked."""
        if self.is_asked:
            await self._decided.wait()


def _ended() -> StoreError:
    return StoreError(StoreFault.STOPPED, "ingest ended")
