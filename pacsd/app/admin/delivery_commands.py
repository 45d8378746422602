"""The commands about deliveries: what was sent where, with what answer; and what becomes of it."""

from collections.abc import Awaitable

import structlog

from pacsd.app.admin.arguments import Arguments, text, whole_number
from pacsd.app.admin.delivery_records import (
    DeliveredItem,
    DeliveryDetail,
    DeliverySummary,
)
from pacsd.app.admin.job_commands import DEFAULT_LISTED, MAX_LISTED, actor_of, told
from pacsd.app.admin.unix_socket import AdminError, Command
from pacsd.index.covering_deliveries import QUEUE
from pacsd.index.delivery_records import DeliveryFilter, DeliveryState, LedgerEntry
from pacsd.index.ledger import Ledger
from pacsd.index.records import Scope
from pacsd.jobs.target_gates import TargetGates

MAX_ITEMS = 1_000
"""That one answer has."""

_STATES = {state.name.lower(): state for state in DeliveryState}

_log = structlog.get_logger("pacsd.jobs")


class DeliveryCommands:
    """The commands, over the ledger; the gates know what holds a delivery up."""

    def __init__(self, ledger: Ledger, gates: TargetGates) -> None:
        self._ledger = ledger
        self._gates = gates
        self._scope = Scope()

    def by_name(self) -> dict[str, Command]:
        """All of them."""
        return {
            "deliveries.list": self._list,
            "deliveries.show": self._show,
            "deliveries.items": self._items,
            "deliveries.retry": self._retry,
            "deliveries.retarget": self._retarget,
        }

    async def _list(self, arguments: Arguments) -> list[DeliverySummary]:
        """By rising number, from behind `after` on; of the state, target and study said."""
        wanted = DeliveryFilter(
            _state(text(arguments, "state", "")),
            text(arguments, "target", "") or None,
            text(arguments, "study", "") or None,
        )
        after = whole_number(arguments, "after", 0)
        limit = min(whole_number(arguments, "limit", DEFAULT_LISTED), MAX_LISTED)
        with told():
            page = await self._ledger.page(self._scope, wanted, after, limit)
        return [self._summary(each) for each in page]

    async def _show(self, arguments: Arguments) -> DeliveryDetail:
        entry = await self._found(arguments)
        return DeliveryDetail.of(entry, self._held_up(entry))

    async def _items(self, arguments: Arguments) -> list[DeliveredItem]:
        """Its instances by UID, from behind `after` on."""
        entry = await self._found(arguments)
        after = text(arguments, "after", "")
        limit = min(whole_number(arguments, "limit", MAX_ITEMS), MAX_ITEMS)
        with told():
            return [
                DeliveredItem.of(each) for each in await self._ledger.items(entry.id, after, limit)
            ]

    async def _retry(self, arguments: Arguments) -> DeliverySummary:
        number = whole_number(arguments, "number")
        return await self._steered(
            "tried again", arguments, self._ledger.retry(self._scope, number)
        )

    async def _retarget(self, arguments: Arguments) -> DeliverySummary:
        number, target = whole_number(arguments, "number"), text(arguments, "target", "")
        moving = self._ledger.move(self._scope, number, target, actor_of(arguments))
        return await self._steered("sent elsewhere", arguments, moving)

    async def _steered(
        self, what: str, arguments: Arguments, steering: Awaitable[LedgerEntry | None]
    ) -> DeliverySummary:
        number = whole_number(arguments, "number")
        with told():
            entry = await steering
        if entry is None:
            raise AdminError(f"there is no delivery {number}")
        actor = actor_of(arguments)
        _log.info(
            "delivery was steered", what=what, delivery=number, target=entry.target, actor=actor
        )
        return self._summary(entry)

    async def _found(self, arguments: Arguments) -> LedgerEntry:
        number = whole_number(arguments, "number")
        with told():
            entry = await self._ledger.get(self._scope, number)
        if entry is None:
            raise AdminError(f"there is no delivery {number}")
        return entry

    def _summary(self, entry: LedgerEntry) -> DeliverySummary:
        return DeliverySummary.of(entry, self._held_up(entry))

    def _held_up(self, entry: LedgerEntry) -> str:
        return self._gates.why(f"{QUEUE}{entry.target}")


def _state(name: str) -> DeliveryState | None:
    if not name:
        return None
    state = _STATES.get(name)
    if state is None:
        raise AdminError(f"state must be one of {', '.join(_STATES)}")
    return state
