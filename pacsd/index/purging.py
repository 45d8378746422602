"""The transaction that forgets deleted instances for good, and what hung on them alone.

A series, study or patient of which nothing is left goes along, with its corrections: what comes
again under these UIDs is new.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy import Table, delete, exists, select

from pacsd.dicom.level import Level
from pacsd.index import schema, schema_jobs, schema_records
from pacsd.index.auditing import append_audit
from pacsd.index.deletion_records import Due
from pacsd.index.instances import numbered
from pacsd.index.records import AuditEntry, ChangeKind, Scope, StoredInstance
from pacsd.index.releasing import as_it_came, remove_instances
from pacsd.index.selections import INSTANCES, STUDY_OF_INSTANCE, slices
from pacsd.index.session import Place, WriteSession

_instance, _series, _study = schema.instance.c, schema.series.c, schema.study.c
_copy = schema.copy.c
_patient, _version = schema.patient.c, schema_records.quarantine.c
_deletion, _deleted = schema_records.deletion.c, schema_records.deleted.c


def due(
    scope: Scope,
    stores: tuple[str, ...],
    deleted_before_us: int,
    limit: int,
    session: WriteSession,
) -> list[Due]:
    """Instances of the oldest decision before then, by rising number; see `Deletions.due`."""
    lies_elsewhere = exists().where(
        _copy.instance_row == _deleted.instance_row,
        _copy.store_row == schema.store.c.id,
        schema.store.c.word.not_in(stores),
    )
    has_some = exists().where(_deleted.deletion_row == _deletion.id, ~lies_elsewhere)
    oldest = (
        select(_deletion.id)
        .where(
            _deletion.partition_id == scope.partition,
            _deletion.at_us < deleted_before_us,
            has_some,
        )
        .order_by(_deletion.at_us, _deletion.id)
        .limit(1)
    )
    chosen = (
        select(_deleted.instance_row)
        .where(_deleted.deletion_row == oldest.scalar_subquery(), ~lies_elsewhere)
        .order_by(_deleted.instance_row)
        .limit(limit)
    )
    numbers = session.connection.execute(chosen).scalars().all()
    found = numbered(scope, numbers, session.connection)
    begun: set[int] = set()
    return [
        Due(each, as_it_came(session, each.id, each.copies[0]))
        if _begins_series(session, each.id, begun) or _is_disputed(session, each)
        else Due(each, None)
        for each in found
    ]


def purge(scope: Scope, numbers: Sequence[int], actor: str, session: WriteSession) -> None:
    """Forget instances; see `Deletions.purge`."""
    places = _places(scope, numbers, session)
    gone = [number for number, *_ in places]
    remove_instances(session, gone)
    session.gone.extend(gone)
    for number, place, _ in places:
        session.log(scope.partition, ChangeKind.PURGED, place, number)
    _remove_empty(session, {place for _, place, _ in places if place.series is not None})
    for study_uid, count in sorted(Counter(uid for *_, uid in places).items()):
        entry = AuditEntry(actor, "purge", "done", study_uid, detail=f"{count} instances")
        append_audit(session, scope.partition, entry)


def _begins_series(session: WriteSession, instance: int, begun: set[int]) -> bool:
    """Whether no instance of its series has a lower number; `begun` are series that were asked."""
    series = session.connection.execute(
        select(_instance.series_row).where(_instance.id == instance)
    ).scalar()
    if series is None or series in begun:
        return False
    begun.add(series)
    earlier = select(_instance.id).where(_instance.series_row == series, _instance.id < instance)
    return session.connection.execute(earlier.limit(1)).first() is None


def _is_disputed(session: WriteSession, instance: StoredInstance) -> bool:
    versions = select(_version.id).where(
        _version.partition_id == instance.partition,
        _version.sop_instance_uid == instance.sop_instance_uid,
    )
    return session.connection.execute(versions.limit(1)).first() is not None


def _places(
    scope: Scope, numbers: Sequence[int], session: WriteSession
) -> list[tuple[int, Place, str]]:
    chosen = (
        select(_instance.id, _series.study_row, _instance.series_row, STUDY_OF_INSTANCE)
        .select_from(INSTANCES)
        .where(_instance.partition_id == scope.partition)
        .order_by(_instance.id)
    )
    return [
        (number, Place(study, series), study_uid)
        for some in slices(numbers)
        for number, study, series, study_uid in session.connection.execute(
            chosen.where(_instance.id.in_(some))
        )
    ]


def _remove_empty(session: WriteSession, places: Iterable[Place]) -> None:
    for place in sorted(places):
        has_instance = exists().where(_instance.series_row == _series.id)
        _remove(session, Level.SERIES, schema.series, _series.id == place.series, ~has_instance)
    for study in sorted({place.study for place in places if place.study is not None}):
        _remove_empty_study(session, study)
    # What it knows of where instances hang may not hold any more.
    session.series.clear()


def _remove_empty_study(session: WriteSession, study: int) -> None:
    of_study = select(_series.id).where(_series.study_row == study)
    is_left = select(_instance.id).where(_instance.series_row.in_(of_study)).limit(1)
    patient = session.connection.execute(
        select(_study.patient_row).where(_study.id == study)
    ).scalar()
    if patient is None or session.connection.execute(is_left).first() is not None:
        return
    _remove(session, Level.SERIES, schema.series, _series.study_row == study)
    labels = schema_jobs.study_label
    session.connection.execute(delete(labels).where(labels.c.study_row == study))
    _remove(session, Level.STUDY, schema.study, _study.id == study)
    merged = schema.patient.alias()
    is_in_use = exists().where(_study.patient_row == _patient.id)
    is_merged_into = exists().where(merged.c.merged_into == _patient.id)
    _remove(
        session,
        Level.PATIENT,
        schema.patient,
        _patient.id == patient,
        ~is_in_use,
        ~is_merged_into,
    )


def _remove(session: WriteSession, level: Level, table: Table, *conditions: object) -> None:
    """Remove rows of a level with what was corrected of them, and values of user-chosen tags."""
    chosen = select(table.c.id).where(*conditions)  # type: ignore[arg-type]
    rows = session.connection.execute(chosen).scalars().all()
    overlay, extra = schema_records.overlay, schema_records.extra_value
    for some in slices(rows):
        owned = (overlay.c.level == level.value, overlay.c.owner_row.in_(some))
        session.connection.execute(delete(overlay).where(*owned))
        session.connection.execute(delete(extra).where(extra.c.owner_row.in_(some)))
        session.connection.execute(delete(table).where(table.c.id.in_(some)))
