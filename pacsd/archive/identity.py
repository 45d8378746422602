"""What an object says it is, and whether that fits what its sender said."""

from collections.abc import Mapping
from dataclasses import dataclass

from pacsd.archive.instance import InstanceRequest
from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.header_stream import DataSetHeader
from pacsd.dicom.quirks import Quirk, QuirkKind
from pacsd.dicom.status import MAX_ERROR_COMMENT_LENGTH, Status
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.text import printable
from pacsd.dicom.uid import decode_uid, has_odd_component, is_acceptable_uid

SOP_CLASS_UID: Tag = 0x00080016
SOP_INSTANCE_UID: Tag = 0x00080018
PATIENT_ID: Tag = 0x00100020
ISSUER_OF_PATIENT_ID: Tag = 0x00100021
STUDY_INSTANCE_UID: Tag = 0x0020000D
SERIES_INSTANCE_UID: Tag = 0x0020000E


class Unacceptable(Exception):
    """An object that is not taken in, with what its sender is told (PS3.4 section B.2.3)."""

    def __init__(self, status: int, comment: str, offending: tuple[Tag, ...] = ()) -> None:
        super().__init__(comment)
        self.status = status
        self.comment = comment[:MAX_ERROR_COMMENT_LENGTH]
        self.offending = offending


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose an object is: the keys of its study, its series and its patient.

    A Patient ID and its issuer are text as sent, '' where they are missing.
    """

    study_instance_uid: str
    series_instance_uid: str
    patient_id: str
    issuer_of_patient_id: str


def identify(
    header: DataSetHeader, attributes: Mapping[Tag, str], request: InstanceRequest
) -> Identity:
    """The study, series and patient of an object.

    Raises:
        Unacceptable: it is another object than announced (A900), or nobody can tell where it
            belongs (C000).
    """
    if header.is_broken:
        raise Unacceptable(Status.CANNOT_UNDERSTAND, f"Unreadable: {header.fault}")
    _check_same(header, SOP_CLASS_UID, request.sop_class_uid)
    _check_same(header, SOP_INSTANCE_UID, request.sop_instance_uid)
    if request.study_instance_uid:
        _check_same(header, STUDY_INSTANCE_UID, request.study_instance_uid)
    return Identity(
        study_instance_uid=_needed_uid(header, STUDY_INSTANCE_UID),
        series_instance_uid=_needed_uid(header, SERIES_INSTANCE_UID),
        patient_id=attributes.get(PATIENT_ID, ""),
        issuer_of_patient_id=attributes.get(ISSUER_OF_PATIENT_ID, ""),
    )


def odd_uids(identity: Identity, request: InstanceRequest) -> tuple[Quirk, ...]:
    """Row D29: what is odd about the UIDs that a device makes up, if anything is."""
    study, series = identity.study_instance_uid, identity.series_instance_uid
    # All of them at once: as a rule nothing is.
    if not has_odd_component(f"{request.sop_instance_uid}.{study}.{series}"):
        return ()
    named = (
        (SOP_INSTANCE_UID, request.sop_instance_uid),
        (STUDY_INSTANCE_UID, study),
        (SERIES_INSTANCE_UID, series),
    )
    odd = [tag for tag, uid in named if has_odd_component(uid)]
    return (Quirk(QuirkKind.UID_COMPONENT, odd[0], len(odd)),)


def _check_same(header: DataSetHeader, tag: Tag, announced: str) -> None:
    """Row D28: A900 names the element; one that is missing says nothing else than the command."""
    value = header.value(tag)
    if value and decode_uid(value) != announced:
        comment = f"{keyword_of(tag)} is not the one announced"
        raise Unacceptable(Status.DATA_SET_MISMATCH, comment, (tag,))


def _needed_uid(header: DataSetHeader, tag: Tag) -> str:
    uid = decode_uid(header.value(tag) or b"")
    if is_acceptable_uid(uid):
        return uid
    if uid:
        comment = f"{keyword_of(tag)} is no UID: {printable(uid, 24)}"
        raise Unacceptable(Status.CANNOT_UNDERSTAND, comment, (tag,))
    why = f", {header.fault}" if header.fault else ""
    raise Unacceptable(Status.CANNOT_UNDERSTAND, f"No {keyword_of(tag)} {format_tag(tag)}{why}")
