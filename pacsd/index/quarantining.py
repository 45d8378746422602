"""Quarantine: data sets that are kept without being shown.

Other ones under a SOP Instance UID that is taken, and those that a plugin wants set aside.
"""

from dataclasses import dataclass, replace

from sqlalchemy import bindparam, func, literal_column, select

from pacsd.api.store import Location
from pacsd.index import schema, schema_records
from pacsd.index.packing import pack_attributes, pack_coercions, pack_extras
from pacsd.index.placing import patient_key
from pacsd.index.records import (
    AsideKind,
    ChangeKind,
    Copy,
    CopyState,
    NewCopy,
    NewInstance,
    Outcome,
    Verdict,
)
from pacsd.index.session import Place, WriteSession, insertion
from pacsd.index.text import storable

_version = schema_records.quarantine.c
_FIND = (
    select(
        _version.aside,
        _version.id,
        schema.transfer_syntax.c.word.label("transfer_syntax"),
        schema.store.c.word.label("store"),
        _version.location,
        _version.size_bytes,
        _version.data_set_bytes,
        _version.sha256,
    )
    .join(schema.store, _version.store_row == schema.store.c.id)
    .join(schema.transfer_syntax, _version.transfer_syntax_row == schema.transfer_syntax.c.id)
    .where(
        _version.partition_id == bindparam("partition"),
        _version.sop_instance_uid == bindparam("uid"),
        _version.sha256 == bindparam("digest"),
    )
)
_COUNT = select(func.count(_version.id)).where(_version.partition_id == bindparam("partition"))
_COUNT_OF_INSTANCE = _COUNT.where(_version.sop_instance_uid == bindparam("uid"))
_COUNT_SET_ASIDE = _COUNT.where(_version.aside != literal_column("''"))
_INSERT = insertion(schema_records.quarantine.insert())
_ASIDE = {AsideKind.HOLD: Outcome.WAITING, AsideKind.QUARANTINE: Outcome.SUSPECT}


@dataclass(frozen=True, slots=True)
class QuarantineBounds:
    """How many versions quarantine takes: of a partition, and of one SOP Instance UID."""

    versions: int = 10_000
    versions_per_instance: int = 16


def quarantine(
    session: WriteSession, new: NewInstance, place: Place, existing: Copy, bounds: QuarantineBounds
) -> Verdict:
    """Keep a version apart, unless it lies there already or there is no room.

    `place` is where the instance hangs that has the UID, `existing` its copy.
    """
    partition, uid = new.reception.partition, new.sop_instance_uid
    instance = existing.instance
    found = session.fetch(_FIND, partition, uid, new.copy.sha256)
    if found:
        _, version, syntax, *file = found[0]
        copy = _copy(instance, NewCopy(*file), syntax)
        is_same_file = copy.location == new.copy.location
        verdict = Verdict(Outcome.CONFLICT_KNOWN, instance, is_same_file, existing)
        return replace(verdict, quarantined=version, version=copy)
    if _is_full(session, partition, uid, bounds):
        return Verdict(Outcome.CONFLICT_FULL, instance, keeps_file=False, existing=existing)
    version = insert_version(session, new)
    session.log(partition, ChangeKind.QUARANTINED, place, instance, version)
    copy = _copy(instance, new.copy, new.transfer_syntax_uid)
    verdict = Verdict(Outcome.CONFLICT, instance, keeps_file=True, existing=existing)
    return replace(verdict, quarantined=version, version=copy)


def set_aside(session: WriteSession, new: NewInstance, bounds: QuarantineBounds) -> Verdict | None:
    """Keep an instance apart whose UID nothing has, if a plugin wants that; else None.

    Nor is shown what was set aside before and comes again: it waits for its release.
    """
    partition, aside = new.reception.partition, new.aside
    found = None
    if aside is not None or set_aside_in(session, partition):
        found = session.fetch(_FIND, partition, new.sop_instance_uid, new.copy.sha256)
    if found and (found[0][0] or aside is not None):
        _, version, _, store, key, size_bytes, *_ = found[0]
        is_same_file = Location(store, key, size_bytes) == new.copy.location
        return Verdict(Outcome.ASIDE_KNOWN, 0, is_same_file, quarantined=version)
    if aside is None:
        return None
    if _is_full(session, partition, new.sop_instance_uid, bounds):
        return Verdict(Outcome.ASIDE_FULL, 0, keeps_file=False)
    version = insert_version(session, new)
    session.log(partition, ChangeKind.QUARANTINED, Place(None, None), None, version)
    return Verdict(_ASIDE[aside.kind], 0, keeps_file=True, quarantined=version)


def insert_version(session: WriteSession, new: NewInstance) -> int:
    """Write a version down; our number of it."""
    version, partition = session.take_ids(), new.reception.partition
    patient_id, issuer, _ = patient_key(new)
    row = (
        version,
        partition,
        new.sop_instance_uid,
        session.words.sop_class(new.sop_class_uid),
        session.words.source(new.reception),
        new.reception.received_at_us,
        new.study_instance_uid,
        new.series_instance_uid,
        patient_id,
        issuer,
        session.words.store(new.copy.store),
        new.copy.key,
        new.copy.size_bytes,
        new.copy.data_set_bytes,
        new.copy.sha256,
        session.words.transfer_syntax(new.transfer_syntax_uid),
        pack_attributes(new.attributes),
        pack_extras(new.extras),
        new.aside.kind.value if new.aside else "",
        storable(new.aside.actor) if new.aside else "",
        storable(new.aside.reason) if new.aside else "",
        pack_coercions(new.coercions),
    )
    session.execute(_INSERT, *row)
    session.quarantined[partition] = versions_in(session, partition) + 1
    if new.aside is not None:
        session.set_aside.pop(partition, None)
    return version


def versions_in(session: WriteSession, partition: int) -> int:
    """How many versions lie in quarantine."""
    count = session.quarantined.get(partition)
    if count is None:
        count = session.quarantined[partition] = int(session.fetch(_COUNT, partition)[0][0])
    return count


def set_aside_in(session: WriteSession, partition: int) -> int:
    """How many of them were set aside."""
    count = session.set_aside.get(partition)
    if count is None:
        found = session.fetch(_COUNT_SET_ASIDE, partition)
        count = session.set_aside[partition] = int(found[0][0])
    return count


def _copy(instance: int, file: NewCopy, transfer_syntax_uid: str) -> Copy:
    """A version's copy; how it is nobody wrote down."""
    return Copy(
        instance=instance,
        location=file.location,
        data_set_bytes=file.data_set_bytes,
        sha256=file.sha256,
        transfer_syntax_uid=transfer_syntax_uid,
        state=CopyState.OK,
        verified_at_us=0,
    )


def _is_full(session: WriteSession, partition: int, uid: str, bounds: QuarantineBounds) -> bool:
    if versions_in(session, partition) >= bounds.versions:
        return True
    of_instance = session.fetch(_COUNT_OF_INSTANCE, partition, uid)[0][0]
    return bool(of_instance >= bounds.versions_per_instance)
