"""The verdict on an instance whose SOP Instance UID is taken.

The same data set is a duplicate, or repairs the copy we have. Another one goes to quarantine: a
stored instance is never overwritten. Of a deleted instance the sender's policy decides first.
"""

from typing import NamedTuple

from sqlalchemy import bindparam, select, update

from pacsd.api.store import Location
from pacsd.index import schema
from pacsd.index.deleting import forget_deleted
from pacsd.index.quarantining import QuarantineBounds, quarantine
from pacsd.index.records import (
    ChangeKind,
    Copy,
    CopyState,
    InstanceState,
    NewInstance,
    Outcome,
    Verdict,
)
from pacsd.index.selections import COPIES, COPY, copy_of
from pacsd.index.session import Place, WriteSession

_instance, _series, _copy = schema.instance.c, schema.series.c, schema.copy.c
_FIND = (
    select(_instance.state, _series.study_row, _instance.series_row, *COPY)
    .select_from(
        COPIES.join(schema.instance, _copy.instance_row == _instance.id).outerjoin(
            schema.series, _instance.series_row == _series.id
        )
    )
    .where(
        _instance.partition_id == bindparam("partition"),
        _instance.sop_instance_uid == bindparam("uid"),
    )
)
_SET_STATE = (
    update(schema.instance)
    .values(state=bindparam("new_state"))
    .where(_instance.id == bindparam("row"))
)
_REPLACE_COPY = (
    update(schema.copy)
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("store_row", "location", "size_bytes", "state", "verified_at_us")
        }
    )
    .where(_copy.instance_row == bindparam("row"), _copy.store_row == bindparam("old_store"))
)


class _Taken(NamedTuple):
    """The instance that has the UID; `kept` is its copy of the very same data set."""

    id: int
    state: InstanceState
    place: Place
    copies: tuple[Copy, ...]
    kept: Copy | None


def judge(session: WriteSession, new: NewInstance, bounds: QuarantineBounds) -> Verdict:
    """Decide about an instance whose UID is taken."""
    taken = _find(session, new)
    if taken.state is InstanceState.DELETED and not new.restores_deleted:
        keeps_file = _has_file(taken.copies, new)
        return Verdict(Outcome.REFUSED_DELETED, taken.id, keeps_file, taken.copies[0])
    if taken.kept is None:
        return quarantine(session, new, taken.place, taken.copies[0], bounds)
    if taken.state is InstanceState.DELETED:
        return _restore(session, new, taken, taken.kept)
    if _is_repaired_by(taken, new, taken.kept):
        _repair(session, new, taken, taken.kept)
        session.log(new.reception.partition, ChangeKind.REPAIRED, taken.place, taken.id)
        removable = _left_over(taken.kept, new)
        return Verdict(Outcome.REPAIRED, taken.id, True, taken.kept, removable)
    return Verdict(Outcome.DUPLICATE, taken.id, _has_file(taken.copies, new), taken.kept)


def _find(session: WriteSession, new: NewInstance) -> _Taken:
    found = session.fetch(_FIND, new.reception.partition, new.sop_instance_uid)
    state, study, series, *_ = found[0]
    copies = sorted((copy_of(row[3:]) for row in found), key=lambda copy: copy.state)
    kept = next((copy for copy in copies if copy.sha256 == new.copy.sha256), None)
    id_ = copies[0].instance
    return _Taken(id_, InstanceState(state), Place(study, series), tuple(copies), kept)


def _has_file(copies: tuple[Copy, ...], new: NewInstance) -> bool:
    """Whether the new file is one of the copies, as when a file is brought for the second time."""
    return new.copy.location in {copy.location for copy in copies}


def _is_repaired_by(taken: _Taken, new: NewInstance, kept: Copy) -> bool:
    """Whether the new copy may take the place of a bad one; a store has one copy at most."""
    others = {copy.location.store for copy in taken.copies if copy is not kept}
    return kept.state is not CopyState.OK and new.copy.store not in others


def _repair(session: WriteSession, new: NewInstance, taken: _Taken, kept: Copy) -> None:
    copy = new.copy
    session.execute(
        _REPLACE_COPY,
        session.words.store(copy.store),
        copy.key,
        copy.size_bytes,
        CopyState.OK.value,
        0,
        taken.id,
        session.words.store(kept.location.store),
    )


def _restore(session: WriteSession, new: NewInstance, taken: _Taken, kept: Copy) -> Verdict:
    state = InstanceState.HELD if taken.place.series is None else InstanceState.LIVE
    session.execute(_SET_STATE, state.value, taken.id)
    forget_deleted(session, [taken.id])
    session.log(new.reception.partition, ChangeKind.RESTORED, taken.place, taken.id)
    if _is_repaired_by(taken, new, kept):
        _repair(session, new, taken, kept)
        removable = _left_over(kept, new)
        return Verdict(Outcome.RESTORED, taken.id, True, kept, removable)
    return Verdict(Outcome.RESTORED, taken.id, _has_file(taken.copies, new), kept)


def _left_over(kept: Copy, new: NewInstance) -> Location | None:
    """The file that the new one replaced."""
    return kept.location if kept.location != new.copy.location else None
