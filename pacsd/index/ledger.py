"""The ledger of deliveries: what is to be sent where, and what became of each instance of it."""

from collections.abc import Sequence
from functools import partial

from pacsd.index.covering_deliveries import cover
from pacsd.index.delivery_records import (
    DeliveryFilter,
    Item,
    ItemResult,
    LedgerEntry,
    Order,
    PausedTarget,
)
from pacsd.index.reading_deliveries import (
    read_deliveries,
    read_delivery,
    read_items,
    read_paused,
    read_unconfirmed,
    read_waiting,
)
from pacsd.index.records import Scope
from pacsd.index.settling_deliveries import give_up, settle
from pacsd.index.steering_deliveries import (
    forget_deliveries,
    move_delivery,
    pause,
    resume,
    retry_delivery,
)
from pacsd.index.threads import Threads
from pacsd.index.unit_queue import Priority


class Ledger:
    """All deliveries. Each call is one transaction, but for `cover`, which is some."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def cover(self, order: Order) -> int | None:
        """Take what an order asks for that is not delivered yet, and have a job wait for it.

        Returns the delivery's number; None: nothing of it is here. Of a repetition nothing is new.

        Raises:
            JobQueueFull: its queue can take no more jobs; nobody sends what was taken by then
                before the order is repeated.
        """
        after, is_last, delivery = 0, False, None
        while not is_last:
            part = await self._threads.write(partial(cover, order, after))
            delivery, after, is_last = part.delivery, part.last, part.is_last
        return delivery

    async def get(self, scope: Scope, number: int) -> LedgerEntry | None:
        """The delivery of this number."""
        return await self._threads.read(partial(read_delivery, scope, number))

    async def page(
        self, scope: Scope, wanted: DeliveryFilter, after: int = 0, limit: int = 1_000
    ) -> list[LedgerEntry]:
        """Deliveries with a higher number than `after`, by rising number."""
        work = partial(read_deliveries, scope, wanted, after, limit)
        return await self._threads.read_long(work)

    async def items(self, number: int, after: str = "", limit: int = 1_000) -> list[Item]:
        """Instances of a delivery behind the SOP Instance UID `after`, by their UIDs."""
        return await self._threads.read(partial(read_items, number, after, limit))

    async def waiting(self, number: int, run: int, limit: int) -> list[Item]:
        """Those that wait to be sent and were not tried in this run, the least tried first."""
        return await self._threads.read(partial(read_waiting, number, run, limit))

    async def unconfirmed(self, number: int, after: str = "", limit: int = 1_000) -> list[Item]:
        """Those that were sent and of which nobody knows whether their target keeps them.

        Those behind the SOP Instance UID `after`, by their UIDs.
        """
        return await self._threads.read(partial(read_unconfirmed, number, after, limit))

    async def settle(
        self, number: int, run: int, results: Sequence[ItemResult], why: str = ""
    ) -> LedgerEntry | None:
        """Note what became of instances in a run, and why others wait; the delivery then.

        Once nothing of it waits it has ended. None: the delivery is gone.
        """
        work = partial(settle, number, run, tuple(results), why)
        return await self._threads.write(work)

    async def give_up(self, number: int, why: str) -> LedgerEntry | None:
        """No more is tried of a delivery, until more of it comes or somebody says so."""
        return await self._threads.write(partial(give_up, number, why))

    async def retry(self, scope: Scope, number: int) -> LedgerEntry | None:
        """What was refused waits again, and what waits is due at once; None: there is none.

        Raises:
            JobRefused: nothing of it is left; or its queue is full.
        """
        return await self._threads.write(partial(retry_delivery, scope, number))

    async def move(self, scope: Scope, number: int, target: str, actor: str) -> LedgerEntry | None:
        """What is left goes to another target: the delivery there. None: there is none here.

        Raises:
            JobRefused: nothing of it is left, it goes there already, or that is no target's name.
        """
        return await self._threads.write(partial(move_delivery, scope, number, target, actor))

    async def pause(self, scope: Scope, target: str, actor: str) -> bool:
        """Note that nothing is to be sent to a target; whether that is new.

        Raises:
            JobRefused: too many are paused, or that is no target's name.
        """
        return await self._threads.write(partial(pause, scope, target, actor))

    async def resume(self, scope: Scope, target: str) -> bool:
        """Note that a target is sent to again; whether it was paused."""
        return await self._threads.write(partial(resume, scope, target))

    async def paused(self, scope: Scope) -> list[PausedTarget]:
        """The targets to which nothing is sent."""
        return await self._threads.read(partial(read_paused, scope))

    async def forget(self, before_us: int, limit: int) -> int:
        """Forget deliveries of all partitions that ended before then, `limit` rows at most.

        How many rows are gone; fewer: there is nothing left to forget.
        """
        work = partial(forget_deliveries, before_us, limit)
        return await self._threads.write(work, Priority.MAINTENANCE)
