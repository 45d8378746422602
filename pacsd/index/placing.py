"""Where an instance hangs: its patient, study and series, made when they are new.

The first instance's values win, and a study stays with its first patient. An instance that names
another patient for a known study hangs nowhere: it is held.
"""

from sqlalchemy import bindparam, select

from pacsd.dicom.level import Level
from pacsd.index import schema
from pacsd.index.attributes import column_values
from pacsd.index.records import NewInstance
from pacsd.index.session import Place, WriteSession, insertion
from pacsd.index.text import storable_key

NOWHERE = Place(None, None)

_FIND_STUDY = select(schema.study.c.id, schema.study.c.patient_row).where(
    schema.study.c.partition_id == bindparam("partition"),
    schema.study.c.study_instance_uid == bindparam("uid"),
)
_FIND_PATIENT = select(schema.patient.c.id).where(
    schema.patient.c.partition_id == bindparam("partition"),
    schema.patient.c.patient_id == bindparam("id"),
    schema.patient.c.issuer_of_patient_id == bindparam("issuer"),
    schema.patient.c.of_study == bindparam("study"),
)
_FIND_MERGED = select(schema.patient.c.merged_into).where(schema.patient.c.id == bindparam("row"))
_FIND_SERIES = select(schema.series.c.id).where(
    schema.series.c.study_row == bindparam("study"),
    schema.series.c.series_instance_uid == bindparam("uid"),
)
_INSERT_PATIENT = insertion(schema.patient.insert())
_INSERT_STUDY = insertion(schema.study.insert())
_INSERT_SERIES = insertion(schema.series.insert())


def known_place(session: WriteSession, new: NewInstance) -> Place | None:
    """The place of an instance whose like came lately; None when it must be looked for."""
    return session.series.get(_names(new))


def find_or_make_place(session: WriteSession, new: NewInstance) -> Place:
    """The place of an instance that is new."""
    study, is_same_patient = _study(session, new)
    place = NOWHERE
    if is_same_patient:
        place = Place(study, _series(session, study, new))
    session.series.put(_names(new), place)
    return place


def patient_key(new: NewInstance) -> tuple[str, str, str]:
    """Patient ID, its issuer, and the study that the patient belongs to if the ID is empty."""
    if new.patient_id:
        return storable_key(new.patient_id), storable_key(new.issuer_of_patient_id), ""
    return "", "", new.study_instance_uid


def _names(new: NewInstance) -> tuple[int, str, str, str, str]:
    """All that decides about the place."""
    return (
        new.reception.partition,
        new.series_instance_uid,
        new.study_instance_uid,
        new.patient_id,
        new.issuer_of_patient_id,
    )


def _study(session: WriteSession, new: NewInstance) -> tuple[int, bool]:
    """The study, and whether the instance names its patient."""
    partition, uid = new.reception.partition, new.study_instance_uid
    named = _find_patient(session, new)
    found = session.fetch(_FIND_STUDY, partition, uid)
    if found:
        study, patient = found[0]
        return study, named is not None and _merged(session, named) == _merged(session, patient)
    patient = _make_patient(session, new) if named is None else _merged(session, named)
    study = session.take_ids()
    values = column_values(Level.STUDY, new.attributes)
    session.execute(_INSERT_STUDY, study, partition, uid, patient, *values)
    return study, True


def _find_patient(session: WriteSession, new: NewInstance) -> int | None:
    found = session.fetch(_FIND_PATIENT, new.reception.partition, *patient_key(new))
    return found[0][0] if found else None


def _make_patient(session: WriteSession, new: NewInstance) -> int:
    patient = session.take_ids()
    values = column_values(Level.PATIENT, new.attributes)
    key = (new.reception.partition, *patient_key(new))
    session.execute(_INSERT_PATIENT, patient, *key, None, *values)
    return patient


def _merged(session: WriteSession, patient: int) -> int:
    """The patient that this one was merged into, in the end; a circle ends where it closes."""
    seen = {patient}
    while (found := session.fetch(_FIND_MERGED, patient)) and found[0][0] not in {None, *seen}:
        patient = found[0][0]
        seen.add(patient)
    return patient


def _series(session: WriteSession, study: int, new: NewInstance) -> int:
    found = session.fetch(_FIND_SERIES, study, new.series_instance_uid)
    if found:
        return int(found[0][0])
    series = session.take_ids()
    values = column_values(Level.SERIES, new.attributes)
    key = (new.reception.partition, study, new.series_instance_uid)
    session.execute(_INSERT_SERIES, series, *key, *values)
    return series
