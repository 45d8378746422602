"""The transactions that put what is to be sent into the ledger, and have a job wait for it.

An order of a study is taken part by part, so that none holds the writer for long; only the last
part has its job. A part that is taken twice changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, bindparam, literal_column, or_, select
from sqlalchemy.dialects import sqlite

from pacsd.index import schema, schema_deliveries, schema_jobs
from pacsd.index.adding_jobs import add_jobs
from pacsd.index.delivery_records import (
    Commitment,
    DeliveryState,
    ItemState,
    LedgerEntry,
    Order,
)
from pacsd.index.job_counts import JobMoves
from pacsd.index.job_records import JobState, NewJob
from pacsd.index.reading_deliveries import DELIVERY, entry_of
from pacsd.index.reading_jobs import JOB, job_of
from pacsd.index.records import InstanceState
from pacsd.index.session import Row, WriteSession, insertion
from pacsd.index.settling_deliveries import note_counts
from pacsd.index.settling_jobs import settle
from pacsd.index.sqlite import at_most
from pacsd.index.text import storable

KIND = "deliver"
"""Of the jobs that make deliveries; the payload is the delivery's number."""
QUEUE = "target:"
"""Of the names of their queues; the target's follows."""
MAX_ATTEMPTS = 100
"""At a delivery; while its target is down there are none. With the longest wait some days."""
TOGETHER = 1_000
"""Instances of one transaction: some milliseconds."""

_study, _series, _instance = schema.study.c, schema.series.c, schema.instance.c
_copy, _job = schema.copy.c, schema_jobs.job.c
_delivery, _item = schema_deliveries.delivery.c, schema_deliveries.delivery_item.c
_LIVE: ColumnElement[int] = literal_column(str(InstanceState.LIVE.value))
_ANY: ColumnElement[str] = literal_column("''")

_FIND = select(*DELIVERY).where(
    _delivery.partition_id == bindparam("partition"),
    _delivery.study_instance_uid == bindparam("study"),
    _delivery.target == bindparam("its_target"),
    _delivery.plugin == bindparam("its_plugin"),
    _delivery.rule == bindparam("its_rule"),
)
_INSERT = insertion(schema_deliveries.delivery.insert())


def _copied(column: str) -> object:
    """A fact of the first copy of an instance."""
    chosen = select(_copy[column]).where(_copy.instance_row == _instance.id)
    return at_most(chosen.order_by(_copy.store_row), literal_column("1")).scalar_subquery()


_COVERED = at_most(
    select(  # type: ignore[call-overload]
        _instance.id,
        _instance.sop_instance_uid,
        _series.series_instance_uid,
        _copied("sha256"),
        _copied("data_set_bytes"),
    )
    .select_from(
        schema.study.join(schema.series, _series.study_row == _study.id).join(
            schema.instance, _instance.series_row == _series.id
        )
    )
    .where(
        _study.partition_id == bindparam("partition"),
        _study.study_instance_uid == bindparam("study"),
        _instance.state == _LIVE,
        _instance.id > bindparam("after"),
        (bindparam("series") == _ANY) | (_series.series_instance_uid == bindparam("its_series")),
        (bindparam("one") == _ANY) | (_instance.sop_instance_uid == bindparam("its_uid")),
    )
    .order_by(_instance.id),
    bindparam("number"),
)


def _put(*also: ColumnElement[bool]) -> sqlite.Insert:
    """An item, new, or of another data set than before, or `also`; else it stays as it is."""
    statement = sqlite.insert(schema_deliveries.delivery_item)
    columns = ("number", "sha256", "size_bytes", "state", "attempts", "run", "status")
    more = ("explanation", "sent_at_us", "commitment", "committed_at_us", "series_instance_uid")
    return statement.on_conflict_do_update(
        index_elements=["delivery_row", "sop_instance_uid"],
        set_={name: statement.excluded[name] for name in (*columns, *more)},
        where=or_(_item.sha256 != statement.excluded.sha256, *also),
    )


_PUT = insertion(_put())
PUT_BACK = insertion(
    _put(
        _item.state.in_(
            [literal_column(str(each.value)) for each in (ItemState.MOVED, ItemState.REFUSED)]
        )
    )
)
"""An item that comes from another target, wherever it went before."""
_REOPEN = (
    schema_deliveries.delivery.update()
    .values(
        reason=bindparam("its_reason"),
        coercion=bindparam("its_coercion"),
        priority=bindparam("its_priority"),
        state=bindparam("new_state"),
        covered=bindparam("up_to"),
        confirmed=bindparam("done_up_to"),
        changed_at_us=bindparam("now"),
    )
    .where(_delivery.id == bindparam("row"))
)
_WAITING_JOB = select(_job.id).where(
    _job.partition_id == bindparam("partition"),
    _job.kind == bindparam("its_kind"),
    _job.queue == bindparam("its_queue"),
    _job.unique_key >= bindparam("first"),
    _job.unique_key < bindparam("last"),
    _job.unique_key != literal_column("''"),
    _job.state <= literal_column(str(JobState.LEASED.value)),
    _job.state == literal_column(str(JobState.WAITING.value)),
)


_DEAD_JOBS = select(*JOB).where(
    _job.partition_id == bindparam("partition"),
    _job.kind == bindparam("its_kind"),
    _job.queue == bindparam("its_queue"),
    _job.unique_key >= bindparam("first"),
    _job.unique_key < bindparam("last"),
    _job.state == literal_column(str(JobState.DEAD.value)),
)
UNTRIED: Row = ItemState.WAITING.value, 0, 0, "", "", 0, Commitment.NONE.value, 0
"""The columns of an item behind those that say what it is, before anything was tried."""


@dataclass(frozen=True, slots=True)
class Part:
    """What became of a part of an order: its delivery, and the last instance that it looked at.

    None: it has no delivery, nothing of it is here. `is_last`: there is no more.
    """

    delivery: int | None
    last: int
    is_last: bool


def cover(order: Order, after: int, session: WriteSession) -> Part:
    """Take the instances of an order that came behind one of a number, as far as one may at once.

    Raises:
        JobQueueFull: its queue can take no more jobs; nothing of this part was taken.
    """
    uids = order.study_instance_uid, order.series_instance_uid, order.sop_instance_uid
    study, series, instance = uids
    found = session.fetch(
        _COVERED, order.partition, study, after, series, series, instance, instance, TOGETHER
    )
    entry = _find(order, session)
    if entry is None:
        if not found:
            return Part(None, after, is_last=True)
        entry = _new(order, session)
    session.write(_PUT, [_item_row(entry, row) for row in found])
    entry = note_counts(entry, session)
    if len(found) == TOGETHER:
        return Part(entry.id, found[-1][0], is_last=False)
    _close(order, entry, session)
    return Part(entry.id, found[-1][0] if found else after, is_last=True)


def wait_for(entry: LedgerEntry, change: int, session: WriteSession, *, is_urgent: bool) -> None:
    """Have a job wait that makes a delivery; one that waits already will see all there is.

    One that runs may not: it has looked at what there was.

    Raises:
        JobQueueFull: there can be no more.
    """
    if waiting_job(entry, session) is None:
        _supersede(entry, session)
        job = NewJob(
            kind=KIND,
            queue=f"{QUEUE}{entry.target}",
            payload=str(entry.id),
            priority=entry.priority,
            unique_key=f"{entry.id}:{change}",
            max_attempts=MAX_ATTEMPTS,
            # Due at once, after those that have had a turn by now and before those that have one
            # later; or before time began, the newest one first.
            not_before_us=-session.now_us() if is_urgent else session.now_us(),
            created_by=entry.plugin,
            partition=entry.partition,
        )
        add_jobs([job], None, session)


def _supersede(entry: LedgerEntry, session: WriteSession) -> None:
    """What died of a delivery that is made again is nothing to look at any more."""
    of_it = f"{entry.id}:", f"{entry.id};"
    dead = session.fetch(_DEAD_JOBS, entry.partition, KIND, f"{QUEUE}{entry.target}", *of_it)
    moves = JobMoves(session)
    for row in dead:
        why = "its delivery is made again"
        settle(session, moves, job_of(row), JobState.CANCELLED, session.now_us(), explanation=why)
    moves.note()


def waiting_job(entry: LedgerEntry, session: WriteSession) -> int | None:
    """The number of the job that waits to make a delivery."""
    of_it = f"{entry.id}:", f"{entry.id};"
    queue = f"{QUEUE}{entry.target}"
    found = session.fetch(_WAITING_JOB, entry.partition, KIND, queue, *of_it)
    return found[0][0] if found else None


def find_or_make(order: Order, session: WriteSession) -> LedgerEntry:
    """The delivery of an order."""
    return _find(order, session) or _new(order, session)


def _find(order: Order, session: WriteSession) -> LedgerEntry | None:
    key = order.partition, order.study_instance_uid, order.target, order.plugin, order.rule
    found = session.fetch(_FIND, *key)
    return entry_of(found[0]) if found else None


def _new(order: Order, session: WriteSession) -> LedgerEntry:
    now_us = session.now_us()
    entry = LedgerEntry(
        id=session.take_ids(),
        partition=order.partition,
        plugin=order.plugin,
        rule=order.rule,
        target=order.target,
        study_instance_uid=order.study_instance_uid,
        reason=order.reason,
        coercion=order.coercion,
        priority=order.priority,
        state=DeliveryState.OPEN,
        covered=0,
        confirmed=0,
        waiting=0,
        delivered=0,
        refused=0,
        created_at_us=now_us,
        changed_at_us=now_us,
        explanation="",
    )
    session.execute(_INSERT, *_entry_row(entry))
    return entry


def _close(order: Order, entry: LedgerEntry, session: WriteSession) -> None:
    """All of an order is in the ledger: note up to which change, and what there is to do."""
    covered = max(entry.covered, order.change)
    state = DeliveryState.OPEN if entry.waiting else entry.state
    confirmed = entry.confirmed if entry.waiting else covered
    terms = storable(order.reason), order.coercion, order.priority.value
    session.execute(_REOPEN, *terms, state.value, covered, confirmed, session.now_us(), entry.id)
    if entry.waiting:
        wait_for(entry, order.change, session, is_urgent=order.is_urgent)


def _entry_row(entry: LedgerEntry) -> Row:
    return (
        entry.id,
        entry.partition,
        entry.plugin,
        entry.rule,
        entry.target,
        entry.study_instance_uid,
        storable(entry.reason),
        entry.coercion,
        entry.priority.value,
        entry.state.value,
        entry.covered,
        entry.confirmed,
        entry.waiting,
        entry.delivered,
        entry.refused,
        entry.created_at_us,
        entry.changed_at_us,
        entry.explanation,
    )


def _item_row(entry: LedgerEntry, found: Sequence[object]) -> Row:
    number, uid, series, sha256, size_bytes = found
    return (entry.id, uid, entry.partition, series, number, sha256, size_bytes, *UNTRIED)
