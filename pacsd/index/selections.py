"""What is selected for a record, and how a row becomes one."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, func

from pacsd.api.reception import Reception
from pacsd.api.store import Location
from pacsd.index import schema, schema_records
from pacsd.index.packing import unpack_attributes, unpack_coercions, unpack_extras
from pacsd.index.records import (
    Aside,
    AsideKind,
    Copy,
    CopyState,
    InstanceState,
    NewCopy,
    NewInstance,
    QuarantinedVersion,
    Scope,
    StoredInstance,
)

Value = TypeVar("Value")

_SLICE = 1_000

_copy, _store, _syntax = schema.copy.c, schema.store.c, schema.transfer_syntax.c
_instance, _held, _source = schema.instance.c, schema.held.c, schema.source.c
_quarantine = schema_records.quarantine.c

COPIES = schema.copy.join(schema.store, _copy.store_row == _store.id).join(
    schema.transfer_syntax, _copy.transfer_syntax_row == _syntax.id
)
COPY = (
    _copy.instance_row,
    _store.word.label("store"),
    _copy.location,
    _copy.size_bytes,
    _copy.data_set_bytes,
    _copy.sha256,
    _syntax.word.label("transfer_syntax"),
    _copy.state.label("copy_state"),
    _copy.verified_at_us,
)

# Held instances hang in no series and name their study, series and patient themselves.
INSTANCES = (
    schema.instance.join(schema.sop_class, _instance.sop_class_row == schema.sop_class.c.id)
    .outerjoin(schema.series, _instance.series_row == schema.series.c.id)
    .outerjoin(schema.study, schema.series.c.study_row == schema.study.c.id)
    .outerjoin(schema.patient, schema.study.c.patient_row == schema.patient.c.id)
    .outerjoin(schema.held, _held.instance_row == _instance.id)
)
STUDY_OF_INSTANCE = func.coalesce(schema.study.c.study_instance_uid, _held.study_instance_uid)
INSTANCE = (
    _instance.id,
    _instance.partition_id,
    _instance.state,
    schema.sop_class.c.word.label("sop_class"),
    _instance.sop_instance_uid,
    STUDY_OF_INSTANCE,
    func.coalesce(schema.series.c.series_instance_uid, _held.series_instance_uid),
    func.coalesce(schema.patient.c.patient_id, _held.patient_id),
    func.coalesce(schema.patient.c.issuer_of_patient_id, _held.issuer_of_patient_id),
    _instance.received_at_us,
    _instance.series_row,
)

QUARANTINE = (
    schema_records.quarantine.join(
        schema.sop_class, _quarantine.sop_class_row == schema.sop_class.c.id
    )
    .join(schema.source, _quarantine.source_row == _source.id)
    .join(schema.store, _quarantine.store_row == _store.id)
    .join(schema.transfer_syntax, _quarantine.transfer_syntax_row == _syntax.id)
)
QUARANTINED = (
    _quarantine.id,
    _quarantine.partition_id,
    _source.calling_ae,
    _source.called_ae,
    _source.peer_address,
    _quarantine.received_at_us,
    _source.origin,
    schema.sop_class.c.word.label("sop_class"),
    _quarantine.sop_instance_uid,
    _syntax.word.label("transfer_syntax"),
    _quarantine.study_instance_uid,
    _quarantine.series_instance_uid,
    _quarantine.patient_id,
    _quarantine.issuer_of_patient_id,
    _quarantine.attributes,
    _quarantine.extras,
    _quarantine.aside,
    _quarantine.aside_by,
    _quarantine.aside_because,
    _quarantine.coercions,
    _store.word.label("store"),
    _quarantine.location,
    _quarantine.size_bytes,
    _quarantine.data_set_bytes,
    _quarantine.sha256,
)


def slices(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """The values in parts that one statement can take: databases bound its parameters."""
    return (values[at : at + _SLICE] for at in range(0, len(values), _SLICE))


def within(
    scope: Scope, partition_id: ColumnElement[int], study_instance_uid: ColumnElement[str]
) -> ColumnElement[bool]:
    """Whether a row may be seen."""
    is_of_partition = partition_id == scope.partition
    if scope.studies is None:
        return is_of_partition
    return and_(is_of_partition, study_instance_uid.in_(sorted(scope.studies)))


def copy_of(row: Sequence[Any]) -> Copy:
    """The record of the columns COPY."""
    instance, store, key, size_bytes, data_set_bytes, sha256, syntax, state, verified_at_us = row
    return Copy(
        instance=instance,
        location=Location(store, key, size_bytes),
        data_set_bytes=data_set_bytes,
        sha256=sha256,
        transfer_syntax_uid=syntax,
        state=CopyState(state),
        verified_at_us=verified_at_us,
    )


def instance_of(row: Sequence[Any], copies: tuple[Copy, ...]) -> StoredInstance:
    """The record of the columns INSTANCE."""
    id_, partition, state, sop_class, uid, study, series, *rest = row
    patient_id, issuer, received_at_us, series_number = rest
    return StoredInstance(
        id=id_,
        partition=partition,
        state=InstanceState(state),
        sop_class_uid=sop_class,
        sop_instance_uid=uid,
        study_instance_uid=study,
        series_instance_uid=series,
        patient_id=patient_id,
        issuer_of_patient_id=issuer,
        received_at_us=received_at_us,
        copies=copies,
        series=series_number,
    )


def quarantined_of(row: Sequence[Any]) -> QuarantinedVersion:
    """The record of the columns QUARANTINED."""
    id_, partition, calling_ae, called_ae, peer_address, received_at_us, origin, *rest = row
    sop_class, uid, syntax, study, series, patient_id, issuer, attributes, extras, *rest = rest
    kind, actor, reason, coercions, *file = rest
    version = NewInstance(
        reception=Reception(partition, calling_ae, called_ae, peer_address, received_at_us, origin),
        sop_class_uid=sop_class,
        sop_instance_uid=uid,
        transfer_syntax_uid=syntax,
        study_instance_uid=study,
        series_instance_uid=series,
        patient_id=patient_id,
        issuer_of_patient_id=issuer,
        attributes=unpack_attributes(attributes),
        copy=NewCopy(*file),
        extras=unpack_extras(extras),
        coercions=unpack_coercions(coercions),
    )
    aside = Aside(AsideKind(kind), actor, reason) if kind else None
    return QuarantinedVersion(id_, version, aside)
