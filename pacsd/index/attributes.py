"""The attributes that are indexed, by level, and how their values stand in columns.

The keys of PS3.4 section C.6.1.1 (tables C.6-1 to C.6-4) and section C.6.2.1 (table C.6-5), the
matching attributes of PS3.18 section 10.6.1 (table 10.6.1-5) and the response attributes of
section 10.6.3.3 (tables 10.6.3-3 to 10.6.3-5), except those computed over a study or series
(Modalities in Study, Number of ... Related ...) and whole sequences of codes: the header has
these. Unique keys and SOP Class UID are not here but in the schema.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pacsd.dicom.folding import fold_person_names
from pacsd.dicom.level import Level
from pacsd.dicom.moments import normal_date, normal_time
from pacsd.dicom.sounds import sound_codes
from pacsd.dicom.tag import Tag
from pacsd.dicom.values import parse_integer
from pacsd.dicom.vr import VR
from pacsd.index.text import storable

ColumnValue: TypeAlias = str | int | None

REQUEST_ATTRIBUTES_SEQUENCE = 0x00400275
FOLDED_SUFFIX = "_folded"
PATIENT_NAME = 0x00100010
PATIENT_NAME_SOUNDS = "patient_name_sounds"
"""The column of what a patient's name sounds like: its codes, each between two spaces."""

_WORD_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NUMBERS = frozenset({VR.IS, VR.US})
_SAFE_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Attribute:
    """One indexed attribute; with `sequence`, of that sequence's first item."""

    level: Level
    tag: Tag
    vr: VR
    keyword: str
    sequence: Tag | None = None

    @property
    def column(self) -> str:
        """Its column: the keyword in snake case."""
        return snake_case(self.keyword)

    @property
    def folded_column(self) -> str | None:
        """The column that is matched without case and accents; for names only."""
        return self.column + FOLDED_SUFFIX if self.vr == VR.PN else None

    @property
    def is_number(self) -> bool:
        """Whether the column holds a number, for numeric order."""
        return self.vr in _NUMBERS


_TABLE = {
    # PS3.4 table C.6-1; Other Patient IDs is retired but still sent.
    Level.PATIENT: """
        00100010 PN PatientName
        00100030 DA PatientBirthDate
        00100032 TM PatientBirthTime
        00100040 CS PatientSex
        00101000 LO OtherPatientIDs
        00101001 PN OtherPatientNames
        00102160 SH EthnicGroup
        00104000 LT PatientComments
    """,
    # PS3.4 tables C.6-2 and C.6-5, PS3.18 table 10.6.3-3.
    Level.STUDY: """
        00080020 DA StudyDate
        00080030 TM StudyTime
        00080050 SH AccessionNumber
        00080090 PN ReferringPhysicianName
        00080201 SH TimezoneOffsetFromUTC
        00081030 LO StudyDescription
        00081060 PN NameOfPhysiciansReadingStudy
        00081080 LO AdmittingDiagnosesDescription
        00101010 AS PatientAge
        00101020 DS PatientSize
        00101030 DS PatientWeight
        00102180 SH Occupation
        001021B0 LT AdditionalPatientHistory
        00200010 SH StudyID
        00201070 IS OtherStudyNumbers
    """,
    # PS3.4 table C.6-3, PS3.18 tables 10.6.1-5 and 10.6.3-4, and what worklists are sorted by.
    Level.SERIES: """
        00080021 DA SeriesDate
        00080031 TM SeriesTime
        00080060 CS Modality
        00080070 LO Manufacturer
        00080080 LO InstitutionName
        00080201 SH TimezoneOffsetFromUTC
        00081010 SH StationName
        0008103E LO SeriesDescription
        00081040 LO InstitutionalDepartmentName
        00081050 PN PerformingPhysicianName
        00081070 PN OperatorsName
        00081090 LO ManufacturerModelName
        00180015 CS BodyPartExamined
        00181030 LO ProtocolName
        00200011 IS SeriesNumber
        00200052 UI FrameOfReferenceUID
        00200060 CS Laterality
        00400244 DA PerformedProcedureStepStartDate
        00400245 TM PerformedProcedureStepStartTime
        00400253 SH PerformedProcedureStepID
        00400254 LO PerformedProcedureStepDescription
        00400009 SH ScheduledProcedureStepID 00400275
        00401001 SH RequestedProcedureID 00400275
    """,
    # PS3.4 table C.6-4, PS3.18 table 10.6.3-5.
    Level.INSTANCE: """
        00080023 DA ContentDate
        00080033 TM ContentTime
        00200012 IS AcquisitionNumber
        00200013 IS InstanceNumber
        00280008 IS NumberOfFrames
        00280010 US Rows
        00280011 US Columns
        00280100 US BitsAllocated
    """,
}


def _parsed(level: Level, line: str) -> Attribute:
    tag, vr, keyword, *within = line.split()
    sequence = int(within[0], 16) if within else None
    return Attribute(level, int(tag, 16), VR(vr), keyword, sequence)


def snake_case(keyword: str) -> str:
    """`StudyInstanceUID` -> `study_instance_uid`."""
    return _WORD_BORDER.sub("_", keyword.replace("IDs", "Ids")).lower()


ATTRIBUTES: Mapping[Level, tuple[Attribute, ...]] = {
    level: tuple(_parsed(level, line) for line in lines.strip().splitlines())
    for level, lines in _TABLE.items()
}
"""All of them, in the order of their columns."""

TAGS = frozenset(each.tag for level in ATTRIBUTES.values() for each in level)
"""What `NewInstance.attributes` may hold; other tags in it are ignored."""


def columns(level: Level) -> tuple[str, ...]:
    """The columns of a level, in the order of `column_values`: attributes, then folded names.

    Last comes, for patients, what their names sound like.
    """
    attributes = ATTRIBUTES[level]
    folded = filter(None, (each.folded_column for each in attributes))
    sounds = (PATIENT_NAME_SOUNDS,) if level is Level.PATIENT else ()
    return (*(each.column for each in attributes), *folded, *sounds)


def column_values(level: Level, attributes: Mapping[Tag, str]) -> tuple[ColumnValue, ...]:
    """The values of a level's columns; missing, empty and (numbers) illegible values are None."""
    return tuple(
        [
            convert(text) if (text := attributes.get(tag)) else None
            for tag, convert in _CONVERSIONS[level]
        ]
    )


def attributes_of(level: Level, values: Mapping[str, ColumnValue]) -> dict[Tag, str]:
    """The attributes that column values stand for: the way back from `column_values`."""
    found = ((each.tag, values[each.column]) for each in ATTRIBUTES[level])
    return {tag: str(value) for tag, value in found if value is not None}


def _each(normal: Callable[[str], str]) -> Callable[[str], ColumnValue]:
    """The conversion of each of the values joined by backslashes."""

    def convert(text: str) -> ColumnValue:
        text = storable(text)
        return normal(text) if "\\" not in text else "\\".join(map(normal, text.split("\\")))

    return convert


def _number(text: str) -> ColumnValue:
    """A number, when it is one and no longer than a column takes."""
    if len(text) <= _SAFE_DIGITS and text.isdecimal() and text.isascii():
        return int(text)
    return parse_integer(text)


def _folded_names(text: str) -> str:
    return storable(fold_person_names(text))


def sounds_of(name: str) -> str:
    """A name's sound codes as they stand in the column."""
    codes = sorted(sound_codes(name))
    return storable(f" {' '.join(codes)} ") if codes else ""


_BY_VR: Mapping[VR, Callable[[str], ColumnValue]] = {
    VR.DA: _each(normal_date),
    VR.TM: _each(normal_time),
    VR.IS: _number,
    VR.US: _number,
}

_CONVERSIONS: Mapping[Level, list[tuple[Tag, Callable[[str], ColumnValue]]]] = {
    level: [(each.tag, _BY_VR.get(each.vr, storable)) for each in attributes]
    + [(each.tag, _folded_names) for each in attributes if each.vr == VR.PN]
    + ([(PATIENT_NAME, sounds_of)] if level is Level.PATIENT else [])
    for level, attributes in ATTRIBUTES.items()
}
