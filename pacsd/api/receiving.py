"""An instance on its way in, and how it is refused."""

from collections.abc import Mapping
from dataclasses import dataclass

from pacsd.api.reception import Reception
from pacsd.dicom.status import MAX_ERROR_COMMENT_LENGTH

# The failures of C-STORE are A7xx, A9xx and Cxxx (PS3.4 table B.2-1).
_FAILURES = (range(0xA700, 0xA800), range(0xA900, 0xAA00), range(0xC000, 0xD000))


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
