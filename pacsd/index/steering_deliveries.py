"""What those do who look after deliveries: try again, send elsewhere, pause a target, forget."""

from sqlalchemy import ColumnElement, bindparam, delete, literal_column, select, update

from pacsd.index import schema_deliveries, schema_jobs
from pacsd.index.covering_deliveries import (
    PUT_BACK,
    UNTRIED,
    find_or_make,
    wait_for,
    waiting_job,
)
from pacsd.index.delivery_records import DeliveryState, ItemState, LedgerEntry, Order
from pacsd.index.errors import JobRefused
from pacsd.index.job_counts import JobMoves
from pacsd.index.job_records import MAX_NAME_BYTES, JobState
from pacsd.index.reading_jobs import JOB, job_of
from pacsd.index.records import Scope
from pacsd.index.session import WriteSession, insertion
from pacsd.index.settling_deliveries import get, note_counts
from pacsd.index.settling_jobs import settle
from pacsd.index.sqlite import at_most, insert_or_ignore

MAX_PAUSED = 1_000

_delivery, _item = schema_deliveries.delivery.c, schema_deliveries.delivery_item.c
_paused, _job = schema_deliveries.paused_target.c, schema_jobs.job.c
_ZERO: ColumnElement[int] = literal_column("0")
_REFUSED_WAIT = (
    update(schema_deliveries.delivery_item)
    .values(state=literal_column(str(ItemState.WAITING.value)), attempts=_ZERO, run=_ZERO)
    .where(
        _item.delivery_row == bindparam("row"),
        _item.state == literal_column(str(ItemState.REFUSED.value)),
    )
)
_ARE_LEFT = _item.state.in_(
    [literal_column(str(each.value)) for each in (ItemState.WAITING, ItemState.REFUSED)]
)
_KEPT = [
    _item.sop_instance_uid,
    _item.partition_id,
    _item.series_instance_uid,
    _item.number,
    _item.sha256,
    _item.size_bytes,
]
_LEFT = select(*_KEPT).where(_item.delivery_row == bindparam("row"), _ARE_LEFT)
_MOVED = (
    update(schema_deliveries.delivery_item)
    .values(state=literal_column(str(ItemState.MOVED.value)))
    .where(_item.delivery_row == bindparam("row"), _ARE_LEFT)
)
_SET_STATE = (
    update(schema_deliveries.delivery)
    .values(
        state=bindparam("new_state"),
        covered=bindparam("up_to"),
        changed_at_us=bindparam("now"),
        explanation=bindparam("why"),
    )
    .where(_delivery.id == bindparam("row"))
)
_AT_ONCE = update(schema_jobs.job).values(not_before_us=_ZERO).where(_job.id == bindparam("row"))
_GET_JOB = select(*JOB).where(_job.id == bindparam("row"))
_PAUSE = insertion(insert_or_ignore(schema_deliveries.paused_target))
_PAUSED = select(_paused.target).where(_paused.partition_id == bindparam("partition"))
_RESUME = delete(schema_deliveries.paused_target).where(
    _paused.partition_id == bindparam("partition"), _paused.target == bindparam("its_target")
)
_OLD = at_most(
    select(_delivery.id)
    .where(
        _delivery.state >= literal_column(str(DeliveryState.DELIVERED.value)),
        _delivery.changed_at_us < bindparam("before"),
    )
    .order_by(_delivery.changed_at_us),
    literal_column("1"),
)
_ITEMS_OF_OLD = at_most(
    select(_item.delivery_row, _item.sop_instance_uid).where(
        _item.delivery_row == bindparam("row")
    ),
    bindparam("number"),
)
_FORGET_ITEM = delete(schema_deliveries.delivery_item).where(
    _item.delivery_row == bindparam("row"), _item.sop_instance_uid == bindparam("uid")
)
_FORGET = delete(schema_deliveries.delivery).where(_delivery.id == bindparam("row"))


def retry_delivery(scope: Scope, number: int, session: WriteSession) -> LedgerEntry | None:
    """What was refused or given up of a delivery waits again, and what waits is due at once.

    Raises:
        JobRefused: nothing of it is left; or its queue is full.
    """
    entry = _find(scope, number, session)
    if entry is None:
        return None
    session.execute(_REFUSED_WAIT, number)
    entry = note_counts(entry, session)
    if not entry.waiting:
        raise JobRefused(f"delivery {number}: nothing of it is left to be sent")
    _set_state(entry, DeliveryState.OPEN, "", session)
    job = waiting_job(entry, session)
    if job is None:
        wait_for(entry, entry.covered, session, is_urgent=False)
    else:
        session.execute(_AT_ONCE, job)
        session.has_queued = True
    return get(number, session)


def move_delivery(
    scope: Scope, number: int, target: str, actor: str, session: WriteSession
) -> LedgerEntry | None:
    """What is left of a delivery goes to another target; the delivery there.

    What is under way to the first one may arrive there, too.

    Raises:
        JobRefused: it goes there already, nothing of it is left, or that is no name of a target;
            or the queue there is full.
    """
    entry = _find(scope, number, session)
    if entry is None:
        return None
    if not target or not target.isprintable() or len(target.encode()) > MAX_NAME_BYTES // 2:
        raise JobRefused(f"target: must be 1 to {MAX_NAME_BYTES // 2} bytes of printable text")
    if target == entry.target:
        raise JobRefused(f"delivery {number}: goes to {target} already")
    left = session.fetch(_LEFT, number)
    if not left:
        raise JobRefused(f"delivery {number}: nothing of it is left to be sent")
    there = find_or_make(_order_of(entry, target), session)
    session.write(PUT_BACK, [(there.id, *row, *UNTRIED) for row in left])
    session.execute(_MOVED, number)
    _set_state(
        note_counts(entry, session), DeliveryState.MOVED, f"by {actor}: to {target}", session
    )
    _cancel_waiting(entry, actor, session)
    there = note_counts(there, session)
    if there.waiting:
        _set_state(there, DeliveryState.OPEN, "", session, covered=entry.covered)
        wait_for(there, entry.covered, session, is_urgent=False)
    return get(there.id, session)


def pause(scope: Scope, target: str, actor: str, session: WriteSession) -> bool:
    """Note that nothing is to be sent to a target; whether that is new.

    Raises:
        JobRefused: so many are paused already as may be, or that is no name of a target.
    """
    if not 0 < len(target.encode(errors="replace")) <= MAX_NAME_BYTES:
        raise JobRefused(f"target: must be 1 to {MAX_NAME_BYTES} bytes")
    paused = {row[0] for row in session.fetch(_PAUSED, scope.partition)}
    if target not in paused and len(paused) >= MAX_PAUSED:
        raise JobRefused(f"target: {MAX_PAUSED} are paused already")
    session.execute(_PAUSE, scope.partition, target, actor, session.now_us())
    return target not in paused


def resume(scope: Scope, target: str, session: WriteSession) -> bool:
    """Note that a target is sent to again; whether it was paused."""
    session.has_queued = True
    return session.write(_RESUME, [(scope.partition, target)]) > 0


def forget_deliveries(before_us: int, limit: int, session: WriteSession) -> int:
    """Forget deliveries that ended before then, the oldest first, at most `limit` rows.

    How many rows are gone; fewer: there are no more of them.
    """
    gone = 0
    while gone < limit and (found := session.fetch(_OLD, before_us)):
        ((number,),) = found
        items = session.fetch(_ITEMS_OF_OLD, number, limit - gone)
        session.write(_FORGET_ITEM, items)
        gone += len(items)
        if gone < limit:
            session.execute(_FORGET, number)
            gone += 1
    return gone


def _find(scope: Scope, number: int, session: WriteSession) -> LedgerEntry | None:
    entry = get(number, session)
    return None if entry is None or entry.partition != scope.partition else entry


def _order_of(entry: LedgerEntry, target: str) -> Order:
    return Order(
        plugin=entry.plugin,
        rule=entry.rule,
        target=target,
        reason=entry.reason,
        priority=entry.priority,
        study_instance_uid=entry.study_instance_uid,
        series_instance_uid="",
        sop_instance_uid="",
        change=entry.covered,
        coercion=entry.coercion,
        partition=entry.partition,
    )


def _set_state(
    entry: LedgerEntry,
    state: DeliveryState,
    why: str,
    session: WriteSession,
    *,
    covered: int = 0,
) -> None:
    up_to = max(entry.covered, covered)
    session.execute(_SET_STATE, state.value, up_to, session.now_us(), why, entry.id)


def _cancel_waiting(entry: LedgerEntry, actor: str, session: WriteSession) -> None:
    number = waiting_job(entry, session)
    if number is None:
        return
    job, moves = job_of(session.fetch(_GET_JOB, number)[0]), JobMoves(session)
    why = f"moved by {actor}"
    settle(session, moves, job, JobState.CANCELLED, session.now_us(), explanation=why)
    moves.note()
