"""The ingest transaction: a group of durable instances is indexed, each with its verdict.

Whether an instance is new is decided by the unique constraint on (partition, SOP Instance UID);
one instance never fails its group.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, select

from pacsd.dicom.level import Level
from pacsd.index import schema
from pacsd.index.attributes import column_values
from pacsd.index.auditing import audit_stores
from pacsd.index.correcting import coerce
from pacsd.index.extra_values import insert_extra_values
from pacsd.index.judging import judge
from pacsd.index.packing import pack_attributes, pack_extras
from pacsd.index.placing import NOWHERE, find_or_make_place, known_place, patient_key
from pacsd.index.quarantining import QuarantineBounds, set_aside, set_aside_in
from pacsd.index.records import (
    ChangeKind,
    CopyState,
    InstanceState,
    NewInstance,
    Outcome,
    Scope,
    Verdict,
)
from pacsd.index.session import NewHeader, Place, Row, WriteSession, insertion
from pacsd.index.sqlite import insert_or_ignore

_INSERT_INSTANCE = insertion(insert_or_ignore(schema.instance))
_INSERT_COPY = insertion(schema.copy.insert())
_INSERT_HELD = insertion(schema.held.insert())
_FIND_INSTANCE = select(schema.instance.c.id).where(
    schema.instance.c.partition_id == bindparam("partition"),
    schema.instance.c.sop_instance_uid == bindparam("uid"),
)
_FIND_INSERTED = select(schema.instance.c.id).where(
    schema.instance.c.id >= bindparam("first"), schema.instance.c.id < bindparam("end")
)


class _Candidate(NamedTuple):
    """An instance that is new unless its UID is taken, under the number it would have."""

    id: int
    place: Place
    new: NewInstance


def add(
    session: WriteSession, group: Sequence[NewInstance], bounds: QuarantineBounds
) -> list[Verdict]:
    """Index a group and audit it; one verdict each, in their order."""
    verdicts = index_group(session, group, bounds)
    audit_stores(session, group, verdicts)
    return verdicts


def index_group(
    session: WriteSession, group: Sequence[NewInstance], bounds: QuarantineBounds
) -> list[Verdict]:
    """Index a group. To each instance, those before it in the group are stored already."""
    first = session.take_ids(len(group))
    apart = _set_aside(session, first, group, bounds)
    candidates = _candidates(
        session, [each for each in enumerate(group, first) if each[0] not in apart]
    )
    winners = _insert(session, candidates)
    for each in winners.values():
        if each.new.coercions:
            coerce(Scope(each.new.reception.partition), each.new.coercions, session)
    return [
        _welcome(winners[id_]) if id_ in winners else apart.get(id_) or judge(session, new, bounds)
        for id_, new in enumerate(group, first)
    ]


def _set_aside(
    session: WriteSession, first: int, group: Sequence[NewInstance], bounds: QuarantineBounds
) -> dict[int, Verdict]:
    """The verdicts on those that are not to be shown, by their number; who has a UID stays."""
    apart: dict[int, Verdict] = {}
    for id_, new in enumerate(group, first):
        partition = new.reception.partition
        if new.aside is None and not set_aside_in(session, partition):
            continue
        if not session.fetch(_FIND_INSTANCE, partition, new.sop_instance_uid):
            verdict = set_aside(session, new, bounds)
            if verdict is not None:
                apart[id_] = verdict
    return apart


def _candidates(
    session: WriteSession, group: Sequence[tuple[int, NewInstance]]
) -> list[_Candidate]:
    """All but those of a new series whose UID is taken: no series is made for them."""
    candidates = []
    claimed = set()
    for id_, new in group:
        uid = (new.reception.partition, new.sop_instance_uid)
        place = known_place(session, new)
        if place is None and uid not in claimed and not session.fetch(_FIND_INSTANCE, *uid):
            place = find_or_make_place(session, new)
        if place is not None:
            candidates.append(_Candidate(id_, place, new))
        claimed.add(uid)
    return candidates


def _insert(session: WriteSession, candidates: Sequence[_Candidate]) -> dict[int, _Candidate]:
    """Insert all whose UID is not taken; these, by their number."""
    rows = [_instance_row(session, each) for each in candidates]
    winners = {each.id: each for each in candidates}
    if session.write(_INSERT_INSTANCE, rows) != len(rows):
        found = session.fetch(_FIND_INSERTED, candidates[0].id, candidates[-1].id + 1)
        winners = {id_: winners[id_] for (id_,) in found}
    session.write(_INSERT_COPY, [_copy_row(session, each) for each in winners.values()])
    held = [each for each in winners.values() if each.place is NOWHERE]
    session.write(_INSERT_HELD, [_held_row(each) for each in held])
    _log(session, winners)
    for each in winners.values():
        if each.new.extras and each.place is not NOWHERE:
            _insert_extras(session, each)
        if each.new.header:
            session.new_headers.append(NewHeader(each.id, each.place.series, each.new.header))
    return winners


def _insert_extras(session: WriteSession, winner: _Candidate) -> None:
    partition = winner.new.reception.partition
    insert_extra_values(session, partition, winner.place, winner.id, winner.new.extras)


def _instance_row(session: WriteSession, candidate: _Candidate) -> Row:
    id_, place, new = candidate
    return (
        id_,
        new.reception.partition,
        place.series,
        session.words.sop_class(new.sop_class_uid),
        new.sop_instance_uid,
        _LIVE if place is not NOWHERE else _HELD,
        session.words.source(new.reception),
        new.reception.received_at_us,
        *column_values(Level.INSTANCE, new.attributes),
    )


def _copy_row(session: WriteSession, winner: _Candidate) -> Row:
    new, copy = winner.new, winner.new.copy
    return (
        winner.id,
        session.words.store(copy.store),
        new.reception.partition,
        copy.key,
        copy.size_bytes,
        copy.data_set_bytes,
        copy.sha256,
        session.words.transfer_syntax(new.transfer_syntax_uid),
        _OK,
        0,
    )


def _held_row(winner: _Candidate) -> Row:
    new = winner.new
    patient_id, issuer, _ = patient_key(new)
    return (
        winner.id,
        new.reception.partition,
        new.study_instance_uid,
        new.series_instance_uid,
        patient_id,
        issuer,
        pack_attributes(new.attributes),
        pack_extras(new.extras),
    )


def _log(session: WriteSession, winners: dict[int, _Candidate]) -> None:
    """Append a change for each, in their order."""
    first, now_us = session.take_ids(len(winners)), session.now_us()
    rows = [
        (
            number,
            each.new.reception.partition,
            _LOG_STORED if each.place is not NOWHERE else _LOG_HELD,
            now_us,
            *each.place,
            each.id,
            None,
        )
        for number, each in enumerate(winners.values(), first)
    ]
    session.log_all(rows)


def _welcome(winner: _Candidate) -> Verdict:
    outcome = Outcome.HELD if winner.place is NOWHERE else Outcome.STORED
    return Verdict(outcome, winner.id, keeps_file=True)


# Plain ints: an IntEnum's member costs the driver a conversion.
_LIVE, _HELD = InstanceState.LIVE.value, InstanceState.HELD.value
_OK = CopyState.OK.value
_LOG_STORED, _LOG_HELD = ChangeKind.STORED.value, ChangeKind.HELD.value
