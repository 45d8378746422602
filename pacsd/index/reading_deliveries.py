"""Deliveries, and what they consist of, for those who make them and who look at them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, literal_column, select

from pacsd.index import schema_deliveries
from pacsd.index.delivery_records import (
    Commitment,
    DeliveryFilter,
    DeliveryState,
    Item,
    ItemState,
    LedgerEntry,
    PausedTarget,
)
from pacsd.index.job_records import JobClass
from pacsd.index.records import Scope

_delivery, _item = schema_deliveries.delivery.c, schema_deliveries.delivery_item.c
_paused = schema_deliveries.paused_target.c
IS_WAITING = _item.state == literal_column(str(ItemState.WAITING.value))
_AWAITED: ColumnElement[int] = literal_column(str(Commitment.AWAITED.value))

DELIVERY = (
    _delivery.id,
    _delivery.partition_id,
    _delivery.plugin,
    _delivery.rule,
    _delivery.target,
    _delivery.study_instance_uid,
    _delivery.reason,
    _delivery.coercion,
    _delivery.priority,
    _delivery.state,
    _delivery.covered,
    _delivery.confirmed,
    _delivery.waiting,
    _delivery.delivered,
    _delivery.refused,
    _delivery.created_at_us,
    _delivery.changed_at_us,
    _delivery.explanation,
)
_PRIORITY, _STATE = 8, 9
"""Their places in a row."""
_ITEM = (
    _item.sop_instance_uid,
    _item.series_instance_uid,
    _item.number,
    _item.sha256,
    _item.size_bytes,
    _item.state,
    _item.attempts,
    _item.status,
    _item.explanation,
    _item.sent_at_us,
    _item.commitment,
    _item.committed_at_us,
)


def entry_of(row: Sequence[Any]) -> LedgerEntry:
    """The record of the columns DELIVERY."""
    values = list(row)
    values[_PRIORITY] = JobClass(values[_PRIORITY])
    values[_STATE] = DeliveryState(values[_STATE])
    return LedgerEntry(*values)


def read_delivery(scope: Scope, number: int, connection: Connection) -> LedgerEntry | None:
    """The delivery of this number."""
    chosen = select(*DELIVERY).where(*_of(scope), _delivery.id == number)
    found = connection.execute(chosen).first()
    return None if found is None else entry_of(found)


def read_deliveries(
    scope: Scope, wanted: DeliveryFilter, after: int, limit: int, connection: Connection
) -> list[LedgerEntry]:
    """Deliveries with a higher number than `after`, by rising number."""
    conditions = _of(scope)
    if wanted.state is not None:
        conditions.append(_delivery.state == wanted.state.value)
    if wanted.target is not None:
        conditions.append(_delivery.target == wanted.target)
    if wanted.study_instance_uid is not None:
        conditions.append(_delivery.study_instance_uid == wanted.study_instance_uid)
    chosen = select(*DELIVERY).where(*conditions, _delivery.id > after)
    return [entry_of(row) for row in connection.execute(chosen.order_by(_delivery.id).limit(limit))]


def read_items(number: int, after: str, limit: int, connection: Connection) -> list[Item]:
    """The instances of a delivery behind the SOP Instance UID `after`, by their UIDs."""
    chosen = select(*_ITEM).where(_item.delivery_row == number, _item.sop_instance_uid > after)
    rows = connection.execute(chosen.order_by(_item.sop_instance_uid).limit(limit))
    return [_item_of(row) for row in rows]


def read_waiting(number: int, run: int, limit: int, connection: Connection) -> list[Item]:
    """Instances of a delivery that wait to be sent and were not tried in this run.

    Those that were tried least come first, so that one that always fails holds up no other; of
    these the first that came.
    """
    chosen = select(*_ITEM).where(
        _item.delivery_row == number, IS_WAITING, _item.run != run, _item.commitment != _AWAITED
    )
    rows = connection.execute(chosen.order_by(_item.attempts, _item.number).limit(limit))
    return [_item_of(row) for row in rows]


def read_unconfirmed(number: int, after: str, limit: int, connection: Connection) -> list[Item]:
    """Instances of a delivery that were sent, and may or may not be kept by its target.

    Those behind the SOP Instance UID `after`, by their UIDs.
    """
    chosen = select(*_ITEM).where(
        _item.delivery_row == number,
        IS_WAITING,
        _item.commitment == _AWAITED,
        _item.sop_instance_uid > after,
    )
    rows = connection.execute(chosen.order_by(_item.sop_instance_uid).limit(limit))
    return [_item_of(row) for row in rows]


def read_paused(scope: Scope, connection: Connection) -> list[PausedTarget]:
    """The targets to which nothing is sent."""
    chosen = select(_paused.target, _paused.actor, _paused.paused_at_us).where(
        _paused.partition_id == scope.partition
    )
    return [PausedTarget(*row) for row in connection.execute(chosen.order_by(_paused.target))]


def _of(scope: Scope) -> list[ColumnElement[bool]]:
    conditions = [_delivery.partition_id == scope.partition]
    if scope.studies is not None:
        conditions.append(_delivery.study_instance_uid.in_(sorted(scope.studies)))
    return conditions


def _item_of(row: Sequence[Any]) -> Item:
    uid, series, number, sha256, size, state, attempts, status, why, sent_at, commitment, at = row
    known = uid, series, number, sha256, size, ItemState(state), attempts, status, why, sent_at
    return Item(*known, Commitment(commitment), at)
