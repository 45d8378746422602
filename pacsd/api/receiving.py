"""An instance on its way in: how it is refused, coerced, held, put into quarantine, and kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pacsd.api.reception import Reception
from pacsd.dicom.status import MAX_ERROR_COMMENT_LENGTH

# The failures of C-STORE are A7xx, A9xx and Cxxx (PS3.4 table B.2-1).
_FAILURES = (range(0xA700, 0xA800), range(0xA900, 0xAA00), range(0xC000, 0xD000))

MAX_REASON_LENGTH = 256
"""Of what is said about an instance that is held, or in quarantine."""


@dataclass(frozen=True, slots=True)
class ReceivedInstance:
    """What an instance says it is; UIDs are checked, text is decoded.

    `attributes` are those that the index keeps, by keyword (`PatientName`, `Modality` ...), several
    values joined by backslashes, as far as the instance has them.
    """

    reception: Reception
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    study_instance_uid: str
    series_instance_uid: str
    patient_id: str
    issuer_of_patient_id: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """The instance is not taken in.

    `status` is a failure of PS3.4 table B.2-1 (A7xx, A9xx, Cxxx); `comment` is for the sender
    (Error Comment, at most 64 characters): no patient's values in it.
    """

    status: int
    comment: str

    def __post_init__(self) -> None:
        """See that it can be sent."""
        if not any(self.status in failures for failures in _FAILURES):
            raise ValueError(f"status {self.status:#06x}: a failure is A7xx, A9xx or Cxxx")
        if len(self.comment) > MAX_ERROR_COMMENT_LENGTH:
            rule = f"at most {MAX_ERROR_COMMENT_LENGTH} characters"
            raise ValueError(f"comment of {len(self.comment)}: {rule}")


@dataclass(frozen=True, slots=True)
class Coerce:
    """The instance is taken in, and leaves with other values of some attributes.

    `changes` are by keyword, several values joined by backslashes, '' for none. What is stored
    stays as it came: the values lie over it and leave with it as a correction does, with the
    plugin as who made it and `reason` as why. An attribute of a patient, study or series holds for
    all of it, and where it was coerced or corrected before, that stays. What may be coerced is what
    may be corrected: text of the data set itself that does not say which object it is, nor whose.
    """

    changes: Mapping[str, str]
    reason: str = field(default="coerced as it came in")

    def __post_init__(self) -> None:
        """See that it changes something."""
        if not self.changes:
            raise ValueError("changes: nothing is coerced")


@dataclass(frozen=True, slots=True)
class Hold:
    """The instance is kept, and its sender told of success, but it waits to be released.

    Nobody sees it before that. `reason` is for who decides (`pacsd quarantine list`).
    """

    reason: str

    def __post_init__(self) -> None:
        """See that a reason is given."""
        _check_reason(self.reason)


@dataclass(frozen=True, slots=True)
class Quarantine:
    """As `Hold`, but the instance is suspicious: the log warns of it."""

    reason: str

    def __post_init__(self) -> None:
        """See that a reason is given."""
        _check_reason(self.reason)


@dataclass(frozen=True, slots=True)
class StoreChoice:
    """In which store the instance is kept: the name of one, as the configuration has it.

    `reason` is for the log, at level debug.
    """

    store: str
    reason: str = ""


def _check_reason(reason: str) -> None:
    if not 0 < len(reason) <= MAX_REASON_LENGTH or not reason.isprintable():
        raise ValueError(f"reason: 1 to {MAX_REASON_LENGTH} printable characters")
