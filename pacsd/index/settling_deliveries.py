"""The transaction that notes what became of instances, and of their delivery with them."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import bindparam, case, func, literal_column, select, update

from pacsd.index import schema_deliveries
from pacsd.index.delivery_records import (
    Commitment,
    DeliveryState,
    ItemResult,
    ItemState,
    LedgerEntry,
)
from pacsd.index.reading_deliveries import DELIVERY, entry_of
from pacsd.index.session import WriteSession
from pacsd.index.text import storable

MAX_STATUS_LENGTH = 64

_delivery, _item = schema_deliveries.delivery.c, schema_deliveries.delivery_item.c
_NOTE_ITEM = (
    update(schema_deliveries.delivery_item)
    .values(
        state=bindparam("new_state"),
        attempts=_item.attempts + bindparam("tried"),
        run=bindparam("its_run"),
        status=bindparam("its_status"),
        explanation=bindparam("why"),
        sent_at_us=bindparam("sent"),
        commitment=bindparam("its_commitment"),
        committed_at_us=bindparam("committed"),
    )
    .where(
        _item.delivery_row == bindparam("row"),
        _item.sop_instance_uid == bindparam("uid"),
        _item.state == literal_column(str(ItemState.WAITING.value)),
    )
)
_COUNTS = (
    select(_item.state, func.count())
    .where(_item.delivery_row == bindparam("row"))
    .group_by(_item.state)
)
_NOTE_COUNTS = (
    update(schema_deliveries.delivery)
    .values(
        waiting=bindparam("now_waiting"),
        delivered=bindparam("now_delivered"),
        refused=bindparam("now_refused"),
    )
    .where(_delivery.id == bindparam("row"))
)
_NOTE_STATE = (
    update(schema_deliveries.delivery)
    .values(
        state=bindparam("new_state"),
        confirmed=case(
            (bindparam("all_of_it") == literal_column("1"), _delivery.covered),
            else_=_delivery.confirmed,
        ),
        changed_at_us=bindparam("now"),
        explanation=bindparam("why"),
    )
    .where(_delivery.id == bindparam("row"))
)
_GET = select(*DELIVERY).where(_delivery.id == bindparam("row"))


def settle(
    number: int, run: int, results: Sequence[ItemResult], why: str, session: WriteSession
) -> LedgerEntry | None:
    """Note what became of instances in a run, and why the rest waits; the delivery as it is then.

    Once nothing of it waits it is delivered, or refused if some of it is. None: it is gone.
    """
    now_us = session.now_us()
    session.write(_NOTE_ITEM, [_row(number, run, each, now_us) for each in results])
    entry = get(number, session)
    if entry is None:
        return None
    entry = note_counts(entry, session)
    if entry.state is DeliveryState.MOVED and not entry.waiting:
        return entry  # while it was being made: what waited is delivered elsewhere, if at all
    state = _state_of(entry)
    why = "" if state is DeliveryState.DELIVERED else why or entry.explanation
    session.execute(_NOTE_STATE, state.value, int(not entry.waiting), now_us, storable(why), number)
    return get(number, session)


def _state_of(entry: LedgerEntry) -> DeliveryState:
    if entry.waiting:
        return entry.state
    return DeliveryState.REFUSED if entry.refused else DeliveryState.DELIVERED


def give_up(number: int, why: str, session: WriteSession) -> LedgerEntry | None:
    """Nothing more of a delivery is tried; None: it is gone."""
    row = DeliveryState.GIVEN_UP.value, 0, session.now_us(), storable(why), number
    session.execute(_NOTE_STATE, *row)
    return get(number, session)


def get(number: int, session: WriteSession) -> LedgerEntry | None:
    """The delivery of a number."""
    found = session.fetch(_GET, number)
    return entry_of(found[0]) if found else None


def note_counts(entry: LedgerEntry, session: WriteSession) -> LedgerEntry:
    """Count the instances of a delivery anew."""
    counts = {ItemState(state): count for state, count in session.fetch(_COUNTS, entry.id)}
    states = (ItemState.WAITING, ItemState.DELIVERED, ItemState.REFUSED)
    waiting, delivered, refused = (counts.get(state, 0) for state in states)
    session.execute(_NOTE_COUNTS, waiting, delivered, refused, entry.id)
    return replace(entry, waiting=waiting, delivered=delivered, refused=refused)


def _row(number: int, run: int, result: ItemResult, now_us: int) -> tuple[object, ...]:
    is_sent = result.state is ItemState.DELIVERED or result.commitment is Commitment.AWAITED
    is_committed = result.commitment is Commitment.COMMITTED
    return (
        result.state.value,
        int(result.is_attempt),
        run,
        storable(result.status[:MAX_STATUS_LENGTH]),
        storable(result.explanation),
        result.sent_at_us or (now_us if is_sent else 0),
        result.commitment.value,
        now_us if is_committed else 0,
        number,
        result.sop_instance_uid,
    )
