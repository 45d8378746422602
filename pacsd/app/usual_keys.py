"""What a query asks for when nobody says what is to be told."""

from collections.abc import Sequence

from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.identifier import UNIQUE_KEYS
from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import Key, tag_named
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR

_TOLD = {
    Level.PATIENT: """
        PatientName PatientID PatientBirthDate PatientSex NumberOfPatientRelatedStudies
        NumberOfPatientRelatedInstances
    """,
    Level.STUDY: """
        StudyDate StudyTime PatientName PatientID ModalitiesInStudy StudyDescription
        NumberOfStudyRelatedSeries NumberOfStudyRelatedInstances StudyInstanceUID
    """,
    Level.SERIES: """
        SeriesNumber Modality SeriesDate SeriesDescription BodyPartExamined
        NumberOfSeriesRelatedInstances SeriesInstanceUID
    """,
    Level.INSTANCE: "InstanceNumber SOPClassUID NumberOfFrames SOPInstanceUID",
}
"""What is asked for of each level when nobody says what is to be told."""


def with_defaults(level: Level, levels: Sequence[Level], keys: Sequence[Key]) -> tuple[Key, ...]:
    """The keys, and those to be told beside them.

    Where nobody said what is to be told, that is what is usual for the level, which comes first.
    In any case it is what tells the entities apart: the unique keys of the level and, of an
    information model of `levels`, of those above.
    """
    given = {key.tag: key for key in keys}
    unique = [_bare(UNIQUE_KEYS[each]) for each in levels if each <= level]
    usual = [] if any(map(_is_to_be_told, keys)) else map(_bare_named, _TOLD[level].split())
    ordered = {key.tag: given.get(key.tag, key) for key in usual}
    ordered |= given
    ordered |= {key.tag: given.get(key.tag, key) for key in unique}
    return tuple(ordered.values())


def _bare(tag: Tag) -> Key:
    return Key(tag, vr_of(tag) or VR.UN)


def _bare_named(keyword: str) -> Key:
    return _bare(tag_named(keyword))


def _is_to_be_told(key: Key) -> bool:
    """Whether somebody asks for the attribute, or for one of its items."""
    return any(map(_is_to_be_told, key.keys)) if key.keys else not key.value
