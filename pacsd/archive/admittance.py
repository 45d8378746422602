"""Whether and how an instance is let in, decided by somebody else while the rest of it arrives."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeAlias

import anyio

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.receiving import NotAccepted, ReceivedInstance
from pacsd.archive.entry import Entry
from pacsd.archive.identity import Unacceptable
from pacsd.index.records import NewInstance

Decide: TypeAlias = Callable[[ReceivedInstance], Awaitable[NotAccepted | Entry | None]]
"""Decides within a bounded time; never raises, but for cancellation: if so, nothing comes in."""

Spawn: TypeAlias = Callable[[Callable[[], Coroutine[None, None, None]]], bool]


class Admittance:
    """Of one instance. `refuse` is told why it stays out, unless nobody objects."""

    def __init__(self, decide: Decide, spawn: Spawn, refuse: Callable[[Exception], None]) -> None:
        self._decide = decide
        self._spawn = spawn
        self._refuse = refuse
        self._decided = anyio.Event()
        self._entry: Entry | None = None
        self.is_asked = False

    def ask(self, instance: ReceivedInstance) -> None:
        """Have it decided, once; does not wait."""
        self.is_asked = True

        async def decide() -> None:
            try:
                decided = await self._decide(instance)
                if isinstance(decided, NotAccepted):
                    self._refuse(Unacceptable(decided.status, decided.comment))
                else:
                    self._entry = decided
            except anyio.get_cancelled_exc_class():
                self._refuse(_ended())
                raise
            except Exception as error:  # noqa: BLE001 - a defect: this instance pays, no other does
                self._refuse(_undecided(error))
            finally:
                self._decided.set()

        if not self._spawn(decide):
            self._refuse(_ended())
            self._decided.set()

    async def decided(self) -> None:
        """Return once it is decided, if that was asked."""
        if self.is_asked:
            await self._decided.wait()

    def entered(self, new: NewInstance) -> NewInstance:
        """The instance as it comes in, once that is decided."""
        return new if self._entry is None else self._entry.entered(new)


def _undecided(error: Exception) -> StoreError:
    """A700: it may be decided when it is sent again. Of the defect its kind, which names nobody."""
    why = f"a defect in what decides whether it comes in: {type(error).__name__}"
    return StoreError(StoreFault.NOT_ADMITTED, why)


def _ended() -> StoreError:
    return StoreError(StoreFault.STOPPED, "ingest ended")
