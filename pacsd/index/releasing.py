"""A version leaves quarantine for the archive, and the instance that had its UID goes there."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from pacsd.api.reception import Reception
from pacsd.api.store import Location
from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag
from pacsd.index import schema, schema_records
from pacsd.index.attributes import ColumnValue, attributes_of, columns
from pacsd.index.correcting import forget_corrections, original_values
from pacsd.index.deleting import forget_deleted
from pacsd.index.ingest import index_group
from pacsd.index.packing import unpack_attributes
from pacsd.index.quarantining import QuarantineBounds, insert_version
from pacsd.index.records import (
    ChangeKind,
    Copy,
    NewCopy,
    NewInstance,
    QuarantinedVersion,
    Released,
)
from pacsd.index.selections import COPIES, COPY, INSTANCE, INSTANCES, copy_of, slices
from pacsd.index.session import Place, WriteSession

_instance, _source, _held = schema.instance.c, schema.source.c, schema.held.c
_tag, _extra = schema_records.extra_tag.c, schema_records.extra_value.c
_version = schema_records.quarantine.c

_TABLES = {
    Level.PATIENT: schema.patient,
    Level.STUDY: schema.study,
    Level.SERIES: schema.series,
    Level.INSTANCE: schema.instance,
}


def release(
    session: WriteSession, version: QuarantinedVersion, bounds: QuarantineBounds
) -> Released:
    """Let the two change places. Of the former instance goes along what is indexed of it."""
    new = version.version
    remove_version(session, version)
    superseded, removable = _supersede(session, new)
    (verdict,) = index_group(session, [new], bounds)
    place = Place(None, None)
    session.log(new.reception.partition, ChangeKind.RELEASED, place, verdict.instance, superseded)
    return Released(verdict, superseded, removable)


def remove_version(session: WriteSession, version: QuarantinedVersion) -> None:
    """Delete a version's row."""
    session.connection.execute(delete(schema_records.quarantine).where(_version.id == version.id))
    session.quarantined.clear()
    session.set_aside.clear()


def _supersede(session: WriteSession, new: NewInstance) -> tuple[int | None, tuple[Location, ...]]:
    """Move the instance that has the UID into quarantine; its number there, files left over."""
    taken = session.connection.execute(
        select(_instance.id).where(
            _instance.partition_id == new.reception.partition,
            _instance.sop_instance_uid == new.sop_instance_uid,
        )
    ).scalar()
    if taken is None:
        return None, ()
    former, *others = _copies(session, taken)
    superseded = insert_version(session, as_it_came(session, taken, former))
    remove_instances(session, [taken])
    return superseded, tuple(copy.location for copy in others)


def _copies(session: WriteSession, instance: int) -> list[Copy]:
    """The copies of an instance, good ones first."""
    of_instance = schema.copy.c.instance_row == instance
    rows = session.connection.execute(select(*COPY).select_from(COPIES).where(of_instance))
    return sorted(map(copy_of, rows), key=lambda copy: copy.state)


def as_it_came(session: WriteSession, instance: int, copy: Copy) -> NewInstance:
    """What was indexed of an instance, before anything was corrected."""
    indexed = [_TABLES[level].c[name] for level in Level for name in columns(level)]
    facts = (_source.calling_ae, _source.called_ae, _source.peer_address, _source.origin)
    row = session.connection.execute(
        select(*INSTANCE, *facts, _held.attributes, *indexed)
        .select_from(INSTANCES.join(schema.source, _instance.source_row == _source.id))
        .where(_instance.id == instance)
    ).one()
    _, partition, _, sop_class, uid, study, series, patient_id, issuer, received_at_us, _ = row[:11]
    calling_ae, called_ae, peer_address, origin, held_attributes = row[11:16]
    is_held = held_attributes is not None
    attributes = unpack_attributes(held_attributes) if is_held else _attributes(row[16:])
    return NewInstance(
        Reception(partition, calling_ae, called_ae, peer_address, received_at_us, origin),
        sop_class,
        uid,
        copy.transfer_syntax_uid,
        study,
        series,
        patient_id,
        issuer,
        attributes | original_values(session, instance),
        NewCopy(*_file(copy)),
        extras=_extras(session, instance),
    )


def _attributes(values: Sequence[ColumnValue]) -> dict[Tag, str]:
    """The attributes that the columns of all levels stand for."""
    attributes: dict[Tag, str] = {}
    left = iter(values)
    for level in Level:
        attributes |= attributes_of(level, dict(zip(columns(level), left, strict=False)))
    return attributes


def _extras(session: WriteSession, instance: int) -> dict[int, str]:
    """Those of the instance itself; its study's and series' stay where they are."""
    chosen = (
        select(_extra.extra_tag_row, _extra.value)
        .join(schema_records.extra_tag, _extra.extra_tag_row == _tag.id)
        .where(_extra.owner_row == instance, _tag.level == Level.INSTANCE.value)
    )
    return dict(session.connection.execute(chosen).all())


def _file(copy: Copy) -> tuple[str, str, int, int, bytes]:
    where = copy.location
    return where.store, where.key, where.size_bytes, copy.data_set_bytes, copy.sha256


def remove_instances(session: WriteSession, instances: Sequence[int]) -> None:
    """Delete the rows of instances, and whatever hangs on these."""
    forget_deleted(session, instances)
    owned = (
        (schema_records.extra_value, _extra.owner_row),
        (schema.copy, schema.copy.c.instance_row),
        (schema.held, _held.instance_row),
        (schema.instance, _instance.id),
    )
    for some in slices(instances):
        forget_corrections(session, some)
        for table, owner in owned:
            session.connection.execute(delete(table).where(owner.in_(some)))
