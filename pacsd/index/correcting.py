"""The transaction that corrects: a row for each attribute, and the columns that are searched.

A correction that the last one of its attribute said already changes nothing, so that the state log
may be mirrored twice. What is not there any more is not corrected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, delete, func, select, update

from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.level import Level
from pacsd.dicom.level_attributes import level_of
from pacsd.dicom.tag import Tag, format_tag
from pacsd.index import schema, schema_records
from pacsd.index.attributes import (
    ATTRIBUTES,
    PATIENT_NAME,
    PATIENT_NAME_SOUNDS,
    ColumnValue,
    column_values,
    columns,
)
from pacsd.index.auditing import append_audit
from pacsd.index.overlay_records import Correction, ListedOverlay, Overlay
from pacsd.index.records import AuditEntry, ChangeKind, Scope
from pacsd.index.selections import STUDY_OF_INSTANCE, within
from pacsd.index.session import Place, WriteSession, insertion

MAX_STUDIES_TOLD = 1_000
"""Of a patient. One who has more studies is none, but a phantom or an ID that many share."""

_overlay = schema_records.overlay.c
_study, _series, _instance = schema.study.c, schema.series.c, schema.instance.c
_copy, _held = schema.copy.c, schema.held.c
_INSERT = insertion(schema_records.overlay.insert())
_TABLES: Mapping[Level, Table] = {
    Level.PATIENT: schema.patient,
    Level.STUDY: schema.study,
    Level.SERIES: schema.series,
    Level.INSTANCE: schema.instance,
}
_PLACES = schema.instance.outerjoin(schema.series, _instance.series_row == _series.id).outerjoin(
    schema.study, _series.study_row == _study.id
)
_STUDIES = schema.study.join(schema.patient, _study.patient_row == schema.patient.c.id).outerjoin(
    schema.series, _series.study_row == _study.id
)


@dataclass(frozen=True, slots=True)
class Owner:
    """A study, series or instance with the numbers of what it hangs in; a held one has none."""

    rows: Mapping[Level, int]
    study_instance_uid: str
    sha256: bytes = b""


@dataclass(frozen=True, slots=True)
class _Target:
    """The row of `level` that a correction is of, and what its last one said."""

    owner: Owner
    level: Level
    row: int
    last_value: str | None


def owners(scope: Scope, level: Level, uid: str, connection: Connection) -> list[Owner]:
    """All that a UID of a level means, in whatever state."""
    find = {Level.STUDY: _studies, Level.SERIES: _some_series, Level.INSTANCE: _instances}
    return find[level](scope, uid, connection)


def are_new(scope: Scope, corrections: Sequence[Correction], connection: Connection) -> list[bool]:
    """Whether there is what each would correct, and the last correction does not say it yet."""
    return [_target(scope, each, connection) is not None for each in corrections]


def correct(
    scope: Scope, corrections: Sequence[Correction], session: WriteSession
) -> list[ListedOverlay]:
    """Correct attributes; what is new. See `Overlays.correct`."""
    corrected: list[ListedOverlay] = []
    for each in corrections:
        target = _target(scope, each, session.connection)
        if target is not None:
            overlay = _lay(scope, each, target, session)
            corrected.append(ListedOverlay(overlay, each.uid))
            _tell(scope, each, target, session)
    return corrected


def coerce(scope: Scope, coercions: Sequence[Correction], session: WriteSession) -> None:
    """Lay what was coerced of an instance over it, in the transaction that shows it first.

    Where something lies already, that stays: an instance that comes later undoes no correction of
    its study, nor its coercions. Each is in the audit trail; the change log knows the instance.
    """
    for each in coercions:
        target = _target(scope, each, session.connection)
        if target is None or target.last_value is not None:
            continue
        _lay(scope, each, target, session)
        if target.level is Level.INSTANCE:
            _audit(scope, each.actor, target.owner.study_instance_uid, _detail(each), session)
        else:
            _tell(scope, each, target, session)


def is_corrected(
    scope: Scope, study_uid: str, series_uid: str, tag: Tag, connection: Connection
) -> bool:
    """Whether something lies over an attribute of the patient, study or series of these UIDs."""
    level = level_of(tag)
    if level is Level.INSTANCE:
        return False
    hangs_in = (
        select(_TABLES[level].c.id)
        .select_from(_STUDIES)
        .where(
            within(scope, _study.partition_id, _study.study_instance_uid),
            _study.study_instance_uid == study_uid,
        )
    )
    if level is Level.SERIES:
        hangs_in = hangs_in.where(_series.series_instance_uid == series_uid)
    return any(
        _last_value(connection, level, row, tag) is not None
        for row in set(connection.execute(hangs_in).scalars())
        if row is not None
    )


def original_values(session: WriteSession, instance: int) -> dict[Tag, str]:
    """What was indexed of an instance, its series, study and patient, before it was corrected.

    Of the attributes that were: '' where it had no value, or there is no column.
    """
    hangs_in = (
        select(_study.patient_row, _study.id, _series.id, _instance.id)
        .select_from(_PLACES)
        .where(_instance.id == instance)
    )
    found: dict[Tag, str] = {}
    for rows in session.connection.execute(hangs_in):
        for level, row in zip(Level, rows, strict=True):
            chosen = select(_overlay.tag, _overlay.old_value).where(
                _overlay.level == level.value, _overlay.owner_row == row
            )
            for tag, old_value in session.connection.execute(chosen.order_by(_overlay.id.desc())):
                found[tag] = old_value or ""
    return found


def forget_corrections(session: WriteSession, instances: Sequence[int]) -> None:
    """Instances go, at most as many as one statement takes, and what was corrected of them."""
    of_these = (_overlay.level == Level.INSTANCE.value, _overlay.owner_row.in_(instances))
    session.connection.execute(delete(schema_records.overlay).where(*of_these))


def _target(scope: Scope, correction: Correction, connection: Connection) -> _Target | None:
    """Where a correction goes, if that is one place, the one meant, and it is new there."""
    found = owners(scope, correction.level, correction.uid, connection)
    if len(found) != 1:
        return None
    (owner,) = found
    level = min(level_of(correction.tag), correction.level)
    row = owner.rows.get(level)
    is_other = correction.level is Level.INSTANCE and owner.sha256 != correction.sha256
    if row is None or is_other:
        return None
    last = _last_value(connection, level, row, correction.tag)
    return None if last == correction.value else _Target(owner, level, row, last)


def _lay(scope: Scope, correction: Correction, target: _Target, session: WriteSession) -> Overlay:
    level, row, tag, old_value = target.level, target.row, correction.tag, target.last_value
    if old_value is None:
        old_value = _column_value(session.connection, level, row, tag)
    number = session.take_ids()
    said = (correction.value, correction.actor, correction.reason, correction.at_us)
    session.execute(_INSERT, number, scope.partition, level.value, row, tag, "", old_value, *said)
    changes = _changes(level, tag, correction.value)
    if changes:
        table = _TABLES[level]
        session.connection.execute(update(table).where(table.c.id == row).values(changes))
    return Overlay(number, level, tag, old_value, *said)


def _tell(scope: Scope, correction: Correction, target: _Target, session: WriteSession) -> None:
    """To the change log and the audit trail, which name no value."""
    owner = target.owner
    detail = _detail(correction)
    place = Place(owner.rows.get(Level.STUDY), owner.rows.get(Level.SERIES))
    session.log(scope.partition, ChangeKind.CORRECTED, place, owner.rows.get(Level.INSTANCE))
    _audit(scope, correction.actor, owner.study_instance_uid, detail, session)
    if target.level is Level.PATIENT:
        _tell_of_patient(scope, correction.actor, target, detail, session)


def _detail(correction: Correction) -> str:
    return f"{keyword_of(correction.tag) or format_tag(correction.tag)} of {correction.uid}"


def _tell_of_patient(
    scope: Scope, actor: str, target: _Target, detail: str, session: WriteSession
) -> None:
    """Of each other study of the patient; in one row without a study of those that are too many."""
    are_others = (
        _study.patient_row == target.row,
        _study.id != target.owner.rows[Level.STUDY],
    )
    others = select(func.count()).select_from(schema.study).where(*are_others)
    count = session.connection.execute(others).scalar_one()
    chosen = select(_study.id, _study.study_instance_uid).where(*are_others).order_by(_study.id)
    told = session.connection.execute(chosen.limit(MAX_STUDIES_TOLD)).all()
    for row, uid in told:
        session.log(scope.partition, ChangeKind.CORRECTED, Place(row, None), None)
        _audit(scope, actor, uid, detail, session)
    if count > len(told):
        session.log(scope.partition, ChangeKind.CORRECTED, Place(None, None), None)
        _audit(scope, actor, "", f"{detail}, and {count - len(told)} more studies", session)


def _audit(scope: Scope, actor: str, study_uid: str, detail: str, session: WriteSession) -> None:
    entry = AuditEntry(actor, "correct", "done", study_uid, detail=detail)
    append_audit(session, scope.partition, entry)


def _last_value(connection: Connection, level: Level, row: int, tag: Tag) -> str | None:
    chosen = select(_overlay.new_value).where(
        _overlay.level == level.value, _overlay.owner_row == row, _overlay.tag == tag
    )
    last = connection.execute(chosen.order_by(_overlay.id.desc()).limit(1)).scalar()
    return None if last is None else str(last)


def _column_value(connection: Connection, level: Level, row: int, tag: Tag) -> str | None:
    """What the column says, '' for nothing; None where there is no column."""
    table = _TABLES[level]
    for each in ATTRIBUTES[level]:
        if each.tag == tag and each.sequence is None:
            value = connection.execute(
                select(table.c[each.column]).where(table.c.id == row)
            ).scalar()
            return "" if value is None else str(value)
    return None


def _changes(level: Level, tag: Tag, value: str) -> dict[str, ColumnValue]:
    """The columns that follow from an attribute, with what is in them now."""
    names: set[str] = set()
    for each in ATTRIBUTES[level]:
        if each.tag == tag and each.sequence is None:
            names |= {each.column, each.folded_column or each.column}
            names |= {PATIENT_NAME_SOUNDS} if tag == PATIENT_NAME else set()
    values = dict(zip(columns(level), column_values(level, {tag: value}), strict=True))
    return {name: values[name] for name in sorted(names)}


def _studies(scope: Scope, uid: str, connection: Connection) -> list[Owner]:
    chosen = select(_study.patient_row, _study.id).where(
        within(scope, _study.partition_id, _study.study_instance_uid),
        _study.study_instance_uid == uid,
    )
    return [
        Owner({Level.PATIENT: patient, Level.STUDY: study}, uid)
        for patient, study in connection.execute(chosen)
    ]


def _some_series(scope: Scope, uid: str, connection: Connection) -> list[Owner]:
    chosen = (
        select(_study.patient_row, _study.id, _series.id, _study.study_instance_uid)
        .join(schema.study, _series.study_row == _study.id)
        .where(
            within(scope, _series.partition_id, _study.study_instance_uid),
            _series.series_instance_uid == uid,
        )
    )
    return [
        Owner({Level.PATIENT: patient, Level.STUDY: study, Level.SERIES: series}, study_uid)
        for patient, study, series, study_uid in connection.execute(chosen)
    ]


def _instances(scope: Scope, uid: str, connection: Connection) -> list[Owner]:
    """Its first copy stands for its data set: all copies hold the same."""
    tables = _PLACES.outerjoin(schema.held, _held.instance_row == _instance.id).join(
        schema.copy, _copy.instance_row == _instance.id
    )
    chosen = (
        select(_study.patient_row, _study.id, _series.id, _instance.id, STUDY_OF_INSTANCE)
        .add_columns(_copy.sha256)
        .select_from(tables)
        .where(
            within(scope, _instance.partition_id, STUDY_OF_INSTANCE),
            _instance.sop_instance_uid == uid,
        )
        .order_by(_copy.store_row)
        .limit(1)
    )
    return [
        Owner(
            {level: row for level, row in zip(Level, rows, strict=True) if row is not None},
            study_uid,
            sha256,
        )
        for *rows, study_uid, sha256 in connection.execute(chosen)
    ]
