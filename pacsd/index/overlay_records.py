"""The records of corrections: what is brought to the index, and what it says of them.

Who has a value is told by `Level` and UID. A patient has no UID of its own here: its attributes are
corrected through one of its studies, and hold for all of them.
"""

from dataclasses import dataclass

from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag


@dataclass(frozen=True, slots=True)
class Correction:
    """A new value for an attribute of a study, a series or an instance; '' for none.

    `level` and `uid` say of which; an attribute of a patient is that of the study's patient.
    `sha256` is that of the data set of an instance: of another one it is no correction.
    """

    level: Level
    uid: str
    tag: Tag
    value: str
    actor: str
    reason: str
    at_us: int
    sha256: bytes = b""


@dataclass(frozen=True, slots=True)
class Overlay:
    """A correction as it lies over a patient, study, series or instance.

    `old_value` is what the index said before; None where it has no column for the attribute.
    """

    id: int
    level: Level
    tag: Tag
    old_value: str | None
    new_value: str
    actor: str
    reason: str
    at_us: int


@dataclass(frozen=True, slots=True)
class ListedOverlay:
    """An overlay, and over whom it lies: by UID, of a patient by Patient ID."""

    overlay: Overlay
    uid: str


@dataclass(frozen=True, slots=True)
class Correctable:
    """What may be corrected: `sha256` digests its data set, if it is an instance."""

    sha256: bytes
