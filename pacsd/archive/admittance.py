"""Whether and how an instance is let in, and where it is kept: decided by somebody else.

The rest of it arrives meanwhile.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeAlias

import anyio

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.receiving import NotAccepted, ReceivedInstance
from pacsd.archive.entry import Entry, coerced
from pacsd.archive.identity import Unacceptable
from pacsd.index.records import NewInstance

Decide: TypeAlias = Callable[[ReceivedInstance], Awaitable[NotAccepted | Entry | None]]
"""Decides within a bounded time; never raises, but for cancellation: if so, nothing comes in."""

Choose: TypeAlias = Callable[[ReceivedInstance], Awaitable[NotAccepted | str | None]]
"""Names the store in which an instance is kept, None: the first one; else as `Decide`."""

Spawn: TypeAlias = Callable[[Callable[[], Coroutine[None, None, None]]], bool]


class Admittance:
    """Of one instance. `refuse` is told why it stays out, unless nobody objects.

    Whoever is to `choose` its store is asked after it was let in, about what it is to leave as.
    """

    def __init__(
        self,
        decide: Decide | None,
        spawn: Spawn,
        refuse: Callable[[Exception], None],
        choose: Choose | None = None,
    ) -> None:
        self._decide = decide
        self._choose = choose
        self._spawn = spawn
        self._refuse_because = refuse
        self._decided = anyio.Event()
        self._entry: Entry | None = None
        self._store: str | None = None
        self._refusal: Exception | None = None
        self.is_asked = False

    def ask(self, instance: ReceivedInstance) -> None:
        """Have it decided, once; does not wait."""
        self.is_asked = True

        async def decide() -> None:
            try:
                await self._let_in(instance)
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

    async def _let_in(self, instance: ReceivedInstance) -> None:
        decided = None if self._decide is None else await self._decide(instance)
        if isinstance(decided, NotAccepted):
            self._refuse(Unacceptable(decided.status, decided.comment))
            return
        self._entry = decided
        if self._choose is None:
            return
        for _, answer in () if decided is None else decided.coercions:
            instance = coerced(instance, answer)
        chosen = await self._choose(instance)
        if isinstance(chosen, NotAccepted):
            self._refuse(Unacceptable(chosen.status, chosen.comment))
        else:
            self._store = chosen

    async def decided(self) -> None:
        """Return once it is decided, if that was asked."""
        if self.is_asked:
            await self._decided.wait()

    def give_up(self) -> None:
        """Nobody wants it any more: who waits goes on, and it does not come in."""
        if not self._decided.is_set():
            self._refusal = StoreError(StoreFault.STOPPED, "given up before it was decided")
            self._decided.set()

    def store(self, first: str) -> str:
        """The name of the store in which it is kept, once that is decided; `first` by default.

        Raises:
            Unacceptable, StoreError: it does not come in, and why.
        """
        if self._refusal is not None:
            raise self._refusal
        return first if self._store is None else self._store

    def _refuse(self, why: Exception) -> None:
        self._refusal = self._refusal or why
        self._refuse_because(why)

    def entered(self, new: NewInstance) -> NewInstance:
        """The instance as it comes in, once that is decided."""
        return new if self._entry is None else self._entry.entered(new)


def _undecided(error: Exception) -> StoreError:
    """A700: it may be decided when it is sent again. Of the defect its kind, which names nobody."""
    why = f"a defect in what decides whether it comes in: {type(error).__name__}"
    return StoreError(StoreFault.NOT_ADMITTED, why)


def _ended() -> StoreError:
    return StoreError(StoreFault.STOPPED, "ingest ended")
