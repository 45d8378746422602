"""Instance Availability Notification as a data set (PS3.4 table R.3.2-1)."""

from collections.abc import Iterable
from dataclasses import dataclass

from pacsd.dicom.answer import AnswerWriter, Field
from pacsd.dicom.commitment import (
    REFERENCED_SOP_CLASS_UID,
    REFERENCED_SOP_INSTANCE_UID,
    REFERENCED_SOP_SEQUENCE,
    Reference,
)
from pacsd.dicom.headers import layout_of
from pacsd.dicom.identifier import INSTANCE_AVAILABILITY, RETRIEVE_AE_TITLE
from pacsd.dicom.query import ReturnKey
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR

AVAILABILITY_NOTIFICATION = "1.2.840.10008.5.1.4.33"
"""Instance Availability Notification SOP Class."""

ONLINE = "ONLINE"
"""Instance Availability (0008,0056): it can be had at once (PS3.3 section C.4.23.1.1)."""

REFERENCED_SERIES_SEQUENCE: Tag = 0x00081115
REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE: Tag = 0x00081111
STUDY_INSTANCE_UID: Tag = 0x0020000D
SERIES_INSTANCE_UID: Tag = 0x0020000E

_KEYS = (
    ReturnKey(REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, VR.SQ),
    ReturnKey(REFERENCED_SERIES_SEQUENCE, VR.SQ),
    ReturnKey(STUDY_INSTANCE_UID, VR.UI),
)


@dataclass(frozen=True, slots=True)
class AvailableInstance:
    """An instance that can be retrieved, and the series it is in."""

    series_instance_uid: str
    reference: Reference


def write_notification(
    study_instance_uid: str,
    instances: Iterable[AvailableInstance],
    retrieve_ae: str,
    syntax: TransferSyntax,
) -> bytes:
    """The attributes of an N-CREATE: these instances of a study are ONLINE at an AE title.

    No performed procedure step is named: PS3.4 table R.3.2-1 allows that sequence to be empty, and
    forbids what is not in the table.
    """
    series: dict[str, list[dict[Tag, Field]]] = {}
    for each in instances:
        series.setdefault(each.series_instance_uid, []).append(_item(each.reference, retrieve_ae))
    items = tuple(
        {
            SERIES_INSTANCE_UID: Field(VR.UI, uid),
            REFERENCED_SOP_SEQUENCE: Field(VR.SQ, tuple(found)),
        }
        for uid, found in series.items()
    )
    return AnswerWriter(_KEYS, layout_of(syntax)).write(
        {
            REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE: Field(VR.SQ, ()),
            REFERENCED_SERIES_SEQUENCE: Field(VR.SQ, items),
            STUDY_INSTANCE_UID: study_instance_uid,
        }
    )


def _item(reference: Reference, retrieve_ae: str) -> dict[Tag, Field]:
    return {
        RETRIEVE_AE_TITLE: Field(VR.AE, retrieve_ae),
        INSTANCE_AVAILABILITY: Field(VR.CS, ONLINE),
        REFERENCED_SOP_CLASS_UID: Field(VR.UI, reference.sop_class_uid),
        REFERENCED_SOP_INSTANCE_UID: Field(VR.UI, reference.sop_instance_uid),
    }
