"""Instances: found by UID, listed, deleted and restored."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, update

from pacsd.api.reception import Reception
from pacsd.index import schema
from pacsd.index.auditing import append_audit
from pacsd.index.deleting import forget_deleted, note_deleted
from pacsd.index.deletion_records import Cause
from pacsd.index.log_position import mirroring
from pacsd.index.looked_up import LookedUp
from pacsd.index.packing import unpack_attributes, unpack_extras
from pacsd.index.records import (
    AuditEntry,
    ChangeKind,
    Copy,
    HeldInstance,
    InstanceState,
    NamedPatient,
    Scope,
    StoredInstance,
)
from pacsd.index.selections import (
    COPIES,
    COPY,
    INSTANCE,
    INSTANCES,
    STUDY_OF_INSTANCE,
    copy_of,
    instance_of,
    slices,
    within,
)
from pacsd.index.session import Place, WriteSession
from pacsd.index.sqlite import driver, prepared, values_of_list
from pacsd.index.threads import Threads

_instance, _held = schema.instance.c, schema.held.c
_study, _patient, _source = schema.study.c, schema.patient.c, schema.source.c


class Instances:
    """The instances of a scope."""

    def __init__(self, threads: Threads, looked_up: LookedUp) -> None:
        self._threads = threads
        self._looked_up = looked_up

    async def find(self, scope: Scope, sop_instance_uid: str) -> StoredInstance | None:
        """The instance of a UID with its copies, in whatever state."""
        found = self._looked_up.get(scope.partition, sop_instance_uid)
        if found is None:
            as_of = self._looked_up.as_of()
            found = await self._threads.read(partial(_find, scope.partition, sop_instance_uid))
            if found is None:
                return None
            self._looked_up.put(scope.partition, [found], as_of)
        return found if _is_seen(scope, found) else None

    async def of_number(self, scope: Scope, number: int) -> StoredInstance | None:
        """The instance of this number of ours with its copies, in whatever state."""
        chosen = _seen(scope).where(_instance.id == number)
        found = await self._threads.read(partial(_stored, chosen))
        return found[0] if found else None

    async def numbered(self, scope: Scope, numbers: Sequence[int]) -> list[StoredInstance]:
        """Those of these numbers that there are, with their copies, by rising number."""
        as_of = self._looked_up.as_of()
        found = await self._threads.query(partial(numbered, scope, tuple(numbers)))
        self._looked_up.put(scope.partition, found, as_of)
        return found

    async def among(self, scope: Scope, sop_instance_uids: Sequence[str]) -> list[StoredInstance]:
        """Those of these UIDs that there are, with their copies, in whatever state."""
        return await self._threads.read(partial(_among, scope, tuple(sop_instance_uids)))

    async def page(self, scope: Scope, after: int = 0, limit: int = 1_000) -> list[StoredInstance]:
        """Instances with a higher number than `after`, by rising number."""
        chosen = _seen(scope).where(_instance.id > after).order_by(_instance.id).limit(limit)
        return await self._threads.read(partial(_stored, chosen))

    async def reception(self, scope: Scope, number: int) -> Reception | None:
        """How the instance of this number of ours came."""
        return await self._threads.read(partial(reception_of, scope, number))

    async def held(self, scope: Scope, after: int = 0, limit: int = 1_000) -> list[HeldInstance]:
        """Held instances with a higher number than `after`, by rising number."""
        return await self._threads.read(partial(_held_page, scope, after, limit))

    async def patients_of(
        self, scope: Scope, study_instance_uids: Collection[str]
    ) -> Mapping[str, NamedPatient]:
        """The patients of those of these studies that there are, by Study Instance UID.

        A study stays with its first patient, whose name is as the first instance has it.
        """
        work = partial(_patients_of, scope, tuple(study_instance_uids))
        return await self._threads.read(work)

    async def delete(
        self,
        scope: Scope,
        sop_instance_uids: Sequence[str],
        actor: str,
        cause: Cause | None = None,
        *,
        reached: int | None = None,
    ) -> list[int]:
        """Take instances out of sight, files untouched; the numbers of those that were there.

        `reached`: so many records of the state log are mirrored with that.
        """
        work = partial(_delete, scope, sop_instance_uids, actor, cause)
        return await self._threads.write(mirroring(work, reached))

    async def restore(
        self,
        scope: Scope,
        sop_instance_uids: Sequence[str],
        actor: str,
        *,
        reached: int | None = None,
    ) -> list[int]:
        """Undo `delete`; the numbers of those that were deleted. `reached` as there."""
        work = partial(_restore, scope, sop_instance_uids, actor)
        return await self._threads.write(mirroring(work, reached))


def _seen(scope: Scope) -> Select[*tuple[Any, ...]]:
    is_seen = within(scope, _instance.partition_id, STUDY_OF_INSTANCE)
    return select(*INSTANCE).select_from(INSTANCES).where(is_seen)


_OF_UID = prepared(
    select(*INSTANCE)
    .select_from(INSTANCES)
    .where(
        _instance.partition_id == bindparam("partition"),
        _instance.sop_instance_uid == bindparam("uid"),
    )
)
_COPIES_OF_ONE = prepared(
    select(*COPY)
    .select_from(COPIES)
    .where(schema.copy.c.instance_row == bindparam("instance"))
    .order_by(schema.copy.c.store_row)
)


def _find(partition: int, uid: str, connection: Connection) -> StoredInstance | None:
    """The instance of a UID, in whatever state, by two statements that were made once; blocks."""
    below = driver(connection)
    rows = below.execute(_OF_UID, (partition, uid)).fetchall()
    if not rows:
        return None
    copies = below.execute(_COPIES_OF_ONE, (rows[0][0],)).fetchall()
    return instance_of(rows[0], tuple(map(copy_of, copies)))


def _stored(chosen: Select[*tuple[Any, ...]], connection: Connection) -> list[StoredInstance]:
    rows = connection.execute(chosen).all()
    copies: defaultdict[int, list[Copy]] = defaultdict(list)
    of_instances = schema.copy.c.instance_row.in_([row[0] for row in rows])
    by_key = (schema.copy.c.instance_row, schema.copy.c.store_row)
    for row in connection.execute(
        select(*COPY).select_from(COPIES).where(of_instances).order_by(*by_key)
    ):
        copies[row[0]].append(copy_of(row))
    return [instance_of(row, tuple(copies[row[0]])) for row in rows]


def _among(scope: Scope, uids: Sequence[str], connection: Connection) -> list[StoredInstance]:
    some = (_seen(scope).where(_instance.sop_instance_uid.in_(part)) for part in slices(uids))
    return [each for chosen in some for each in _stored(chosen, connection)]


_NUMBERED = prepared(
    select(*INSTANCE)
    .select_from(INSTANCES)
    .where(_instance.id.in_(values_of_list(bindparam("numbers"))))
    .order_by(_instance.id)
)
_COPIES_OF_NUMBERED = prepared(
    select(*COPY)
    .select_from(COPIES)
    .where(schema.copy.c.instance_row.in_(values_of_list(bindparam("numbers"))))
    .order_by(schema.copy.c.instance_row, schema.copy.c.store_row)
)


def numbered(scope: Scope, numbers: Sequence[int], connection: Connection) -> list[StoredInstance]:
    """Those of these numbers that there are, by rising number; blocks."""
    below, asked = driver(connection), (json.dumps(numbers),)
    copies: defaultdict[int, list[Copy]] = defaultdict(list)
    for row in below.execute(_COPIES_OF_NUMBERED, asked):
        copies[row[0]].append(copy_of(row))
    rows = below.execute(_NUMBERED, asked).fetchall()
    found = (instance_of(row, tuple(copies[row[0]])) for row in rows)
    return [each for each in found if _is_seen(scope, each)]


def reception_of(scope: Scope, number: int, connection: Connection) -> Reception | None:
    """How the instance of a number came; None if there is none; blocks."""
    facts = (_source.calling_ae, _source.called_ae, _source.peer_address)
    of_source = INSTANCES.join(schema.source, _instance.source_row == _source.id)
    is_it = (within(scope, _instance.partition_id, STUDY_OF_INSTANCE), _instance.id == number)
    chosen = select(_instance.partition_id, *facts, _instance.received_at_us, _source.origin)
    row = connection.execute(chosen.select_from(of_source).where(*is_it)).first()
    return None if row is None else Reception(*row)


def _is_seen(scope: Scope, found: StoredInstance) -> bool:
    is_of_partition = found.partition == scope.partition
    return is_of_partition and (scope.studies is None or found.study_instance_uid in scope.studies)


def _held_page(scope: Scope, after: int, limit: int, connection: Connection) -> list[HeldInstance]:
    chosen = (
        select(
            _instance.id,
            _instance.sop_instance_uid,
            _held.study_instance_uid,
            _held.series_instance_uid,
            _held.patient_id,
            _held.issuer_of_patient_id,
            _held.attributes,
            _held.extras,
        )
        .join(schema.instance, _held.instance_row == _instance.id)
        .where(
            within(scope, _held.partition_id, _held.study_instance_uid),
            _instance.state == InstanceState.HELD.value,
            _instance.id > after,
        )
        .order_by(_instance.id)
        .limit(limit)
    )
    return [
        HeldInstance(
            *row[:-2], attributes=unpack_attributes(row[-2]), extras=unpack_extras(row[-1])
        )
        for row in connection.execute(chosen)
    ]


def _patients_of(
    scope: Scope, studies: tuple[str, ...], connection: Connection
) -> Mapping[str, NamedPatient]:
    chosen = (
        select(
            _study.study_instance_uid,
            _patient.patient_id,
            _patient.issuer_of_patient_id,
            _patient.patient_name,
        )
        .join(schema.patient, _study.patient_row == _patient.id)
        .where(within(scope, _study.partition_id, _study.study_instance_uid))
    )
    return {
        uid: NamedPatient(patient_id, issuer, name or "")
        for some in slices(studies)
        for uid, patient_id, issuer, name in connection.execute(
            chosen.where(_study.study_instance_uid.in_(some))
        )
    }


def _delete(
    scope: Scope, uids: Sequence[str], actor: str, cause: Cause | None, session: WriteSession
) -> list[int]:
    why = cause or Cause(session.now_us())
    present = [each for each in _states(scope, uids, session) if each[1] != InstanceState.DELETED]
    for id_, _, place, _ in present:
        _set_state(session, id_, InstanceState.DELETED)
        session.log(scope.partition, ChangeKind.DELETED, place, id_)
    gone = [id_ for id_, *_ in present]
    note_deleted(session, scope.partition, actor, why, gone)
    _audit(session, scope, "delete", actor, [study_uid for *_, study_uid in present], why.reason)
    return gone


def _restore(scope: Scope, uids: Sequence[str], actor: str, session: WriteSession) -> list[int]:
    deleted = [each for each in _states(scope, uids, session) if each[1] == InstanceState.DELETED]
    for id_, _, place, _ in deleted:
        is_held = place.series is None
        _set_state(session, id_, InstanceState.HELD if is_held else InstanceState.LIVE)
        session.log(scope.partition, ChangeKind.RESTORED, place, id_)
    restored = [id_ for id_, *_ in deleted]
    forget_deleted(session, restored)
    _audit(session, scope, "restore", actor, [study_uid for *_, study_uid in deleted])
    return restored


def _states(
    scope: Scope, uids: Sequence[str], session: WriteSession
) -> list[tuple[int, InstanceState, Place, str]]:
    """Number, state, place and Study Instance UID of those of these UIDs that may be seen."""
    chosen = (
        select(
            _instance.id,
            _instance.state,
            schema.series.c.study_row,
            _instance.series_row,
            STUDY_OF_INSTANCE,
        )
        .select_from(INSTANCES)
        .where(within(scope, _instance.partition_id, STUDY_OF_INSTANCE))
    )
    some = (chosen.where(_instance.sop_instance_uid.in_(part)) for part in slices(uids))
    found = [row for each in some for row in session.connection.execute(each)]
    return [
        (id_, InstanceState(state), Place(study, series), study_uid)
        for id_, state, study, series, study_uid in sorted(found, key=itemgetter(0))
    ]


def _set_state(session: WriteSession, id_: int, state: InstanceState) -> None:
    changed = update(schema.instance).where(_instance.id == id_).values(state=state.value)
    session.connection.execute(changed)


def _audit(
    session: WriteSession,
    scope: Scope,
    action: str,
    actor: str,
    studies: Sequence[str],
    reason: str = "",
) -> None:
    for study_uid, count in sorted(Counter(studies).items()):
        detail = f"{count} instances" + (f": {reason}" if reason else "")
        entry = AuditEntry(actor, action, "done", study_uid, detail=detail)
        append_audit(session, scope.partition, entry)
