"""Storage commitment as data sets: what is asked for, and what became of it (PS3.4 annex J).

The Action Information of an N-ACTION and the Event Information of an N-EVENT-REPORT, both bounded:
a request of more instances than one may name is refused before any of them is looked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pacsd.dicom.answer import AnswerWriter, Field
from pacsd.dicom.data_set import DataSet, read_data_set
from pacsd.dicom.errors import CommitmentError, ScanError
from pacsd.dicom.headers import Buffer, layout_of
from pacsd.dicom.query import ReturnKey
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.status import Status
from pacsd.dicom.tag import Tag
from pacsd.dicom.text import printable
from pacsd.dicom.uid import is_acceptable_uid
from pacsd.dicom.vr import VR

STORAGE_COMMITMENT = "1.2.840.10008.1.20.1"
"""Storage Commitment Push Model SOP Class."""
COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
"""The one SOP Instance of it, which everybody knows (PS3.4 section J.3.5)."""

ACTION_REQUEST = 1
"""Action Type ID: storage commitment is requested (PS3.4 section J.3.2.1.2)."""
EVENT_SUCCESS, EVENT_FAILURES = 1, 2
"""Event Type IDs: all is committed, or not all of it (PS3.4 section J.3.3)."""

MAX_REFERENCES = 20_000
"""Instances that one transaction may name."""
MAX_INFORMATION_BYTES = 4 * 1024 * 1024
"""Room for as many, whatever their UIDs and the Transfer Syntax, and some attributes more."""

TRANSACTION_UID: Tag = 0x00081195
FAILURE_REASON: Tag = 0x00081197
FAILED_SOP_SEQUENCE: Tag = 0x00081198
REFERENCED_SOP_SEQUENCE: Tag = 0x00081199
REFERENCED_SOP_CLASS_UID: Tag = 0x00081150
REFERENCED_SOP_INSTANCE_UID: Tag = 0x00081155

_HEADERS_OF_ITEM = 8
_MAX_HEADERS = MAX_REFERENCES * _HEADERS_OF_ITEM
_ITEM_TAGS = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")
"""In Little and in Big Endian."""
_KEYS = (
    ReturnKey(TRANSACTION_UID, VR.UI),
    ReturnKey(FAILED_SOP_SEQUENCE, VR.SQ),
    ReturnKey(REFERENCED_SOP_SEQUENCE, VR.SQ),
)


class Reference(NamedTuple):
    """An instance as the SOP Instance Reference Macro names it (PS3.3 table 10-11)."""

    sop_class_uid: str
    sop_instance_uid: str


class NotCommitted(NamedTuple):
    """An instance that is not kept safely, and the Failure Reason (PS3.3 section C.14.1.1)."""

    reference: Reference
    reason: int


@dataclass(frozen=True, slots=True)
class CommitmentRequest:
    """What one transaction asks to be kept safely; each instance once."""

    transaction_uid: str
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class CommitmentResult:
    """What became of a transaction."""

    transaction_uid: str
    committed: tuple[Reference, ...] = ()
    failed: tuple[NotCommitted, ...] = ()

    @property
    def event_type_id(self) -> int:
        """The Event Type ID that says so."""
        return EVENT_FAILURES if self.failed else EVENT_SUCCESS


def read_request(raw: Buffer, syntax: TransferSyntax) -> CommitmentRequest:
    """The Action Information of an N-ACTION (PS3.4 table J.3-1).

    Raises:
        CommitmentError: it asks for nothing that could be committed, or for too much.
    """
    information = _read(raw, syntax)
    transaction_uid = _transaction_uid(information)
    references = tuple(dict.fromkeys(_references(information, REFERENCED_SOP_SEQUENCE)))
    if not references:
        raise _invalid(REFERENCED_SOP_SEQUENCE, "no item (PS3.4 table J.3-1)")
    _check_count(REFERENCED_SOP_SEQUENCE, len(references))
    return CommitmentRequest(transaction_uid, references)


def read_result(raw: Buffer, syntax: TransferSyntax) -> CommitmentResult:
    """The Event Information of an N-EVENT-REPORT (PS3.4 table J.3-2).

    A failure without a readable reason counts as a processing failure, 0110. What is said to be
    both is not committed.

    Raises:
        CommitmentError: it says nothing of a transaction.
    """
    information = _read(raw, syntax)
    transaction_uid = _transaction_uid(information)
    reasons = map(_reason, information.items(FAILED_SOP_SEQUENCE))
    failed = dict(zip(_references(information, FAILED_SOP_SEQUENCE), reasons, strict=True))
    committed = dict.fromkeys(_references(information, REFERENCED_SOP_SEQUENCE))
    _check_count(REFERENCED_SOP_SEQUENCE, len(failed) + len(committed))
    return CommitmentResult(
        transaction_uid,
        tuple(each for each in committed if each not in failed),
        tuple(NotCommitted(*each) for each in failed.items()),
    )


def write_request(request: CommitmentRequest, syntax: TransferSyntax) -> bytes:
    """The Action Information of an N-ACTION (PS3.4 table J.3-1)."""
    return _write(request.transaction_uid, map(_item, request.references), (), syntax)


def write_result(result: CommitmentResult, syntax: TransferSyntax) -> bytes:
    """The Event Information of an N-EVENT-REPORT (PS3.4 table J.3-2); a sequence has items."""
    failed = (
        {**_item(each.reference), FAILURE_REASON: Field(VR.US, str(each.reason))}
        for each in result.failed
    )
    return _write(result.transaction_uid, map(_item, result.committed), failed, syntax)


def _read(raw: Buffer, syntax: TransferSyntax) -> DataSet:
    if len(raw) > MAX_INFORMATION_BYTES:
        text = f"{len(raw)} bytes, {MAX_INFORMATION_BYTES} are the most"
        raise CommitmentError(Status.RESOURCE_LIMITATION, REFERENCED_SOP_SEQUENCE, text)
    # Counting bytes costs nothing; reading a hundred thousand items to refuse them does.
    _check_count(REFERENCED_SOP_SEQUENCE, max(map(bytes(raw).count, _ITEM_TAGS)))
    try:
        return read_data_set(raw, syntax, max_headers=_MAX_HEADERS, keeps_empty_items=True)
    except ScanError as error:
        raise _invalid(TRANSACTION_UID, f"unreadable data set: {error}") from error


def _transaction_uid(information: DataSet) -> str:
    uid = "\\".join(information.texts(TRANSACTION_UID))
    if not is_acceptable_uid(uid):
        raise _invalid(TRANSACTION_UID, f"{printable(uid)!r} is not a UID (PS3.5 section 9.1)")
    return uid


def _references(information: DataSet, sequence: Tag) -> Iterator[Reference]:
    for number, item in enumerate(information.items(sequence), start=1):
        uids = [
            "\\".join(item.texts(tag))
            for tag in (REFERENCED_SOP_CLASS_UID, REFERENCED_SOP_INSTANCE_UID)
        ]
        for uid in uids:
            if not is_acceptable_uid(uid):
                raise _invalid(sequence, f"item {number}: {printable(uid)!r} is not a UID")
        yield Reference(*uids)


def _reason(item: DataSet) -> int:
    texts = item.texts(FAILURE_REASON)
    found = int(texts[0]) if len(texts) == 1 and texts[0].isdigit() else 0
    return found or Status.PROCESSING_FAILURE


def _check_count(sequence: Tag, count: int) -> None:
    if count > MAX_REFERENCES:
        text = f"{count} instances, {MAX_REFERENCES} are the most at once"
        raise CommitmentError(Status.RESOURCE_LIMITATION, sequence, text)


def _invalid(tag: Tag, text: str) -> CommitmentError:
    return CommitmentError(Status.INVALID_ARGUMENT_VALUE, tag, text)


def _item(reference: Reference) -> dict[Tag, Field]:
    return {
        REFERENCED_SOP_CLASS_UID: Field(VR.UI, reference.sop_class_uid),
        REFERENCED_SOP_INSTANCE_UID: Field(VR.UI, reference.sop_instance_uid),
    }


def _write(
    transaction_uid: str,
    referenced: Iterator[Mapping[Tag, Field]],
    failed: Iterator[Mapping[Tag, Field]] | Sequence[Mapping[Tag, Field]],
    syntax: TransferSyntax,
) -> bytes:
    values: dict[Tag, str | Field] = {TRANSACTION_UID: transaction_uid}
    for tag, items in (FAILED_SOP_SEQUENCE, failed), (REFERENCED_SOP_SEQUENCE, referenced):
        content = tuple(items)
        if content:
            values[tag] = Field(VR.SQ, content)
    return AnswerWriter(_KEYS, layout_of(syntax)).write(values)
