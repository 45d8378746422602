import io
from contextlib import suppress
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset

from pacsd.dicom import commitment
from pacsd.dicom.commitment import (
    MAX_INFORMATION_BYTES,
    MAX_REFERENCES,
    TRANSACTION_UID,
    CommitmentRequest,
    CommitmentResult,
    NotCommitted,
    Reference,
    read_request,
    read_result,
    write_request,
    write_result,
)
from pacsd.dicom.errors import CommitmentError
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.status import Status

SYNTAXES = [
    known_syntax(uid) for uid in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
]
IMPLICIT, EXPLICIT, BIG = SYNTAXES
CT = "1.2.840.10008.5.1.4.1.1.2"

uids = st.from_regex(r"[1-9][0-9]{0,8}(\.[1-9][0-9]{0,8}){1,5}", fullmatch=True)
references = st.builds(Reference, uids, uids)
several = st.lists(references, min_size=1, max_size=20, unique=True)
syntaxes = st.sampled_from(SYNTAXES)


@given(uids, several, syntaxes)
def test_a_request_comes_back(uid: str, named: list[Reference], syntax: Any) -> None:
    request = CommitmentRequest(uid, tuple(named))
    assert read_request(write_request(request, syntax), syntax) == request


@given(uids, several, st.data(), syntaxes)
def test_a_result_comes_back(uid: str, named: list[Reference], data: Any, syntax: Any) -> None:
    at = data.draw(st.integers(0, len(named)))
    reasons = data.draw(
        st.lists(st.integers(1, 0xFFFF), min_size=len(named) - at, max_size=len(named) - at)
    )
    failed = tuple(map(NotCommitted, named[at:], reasons))
    result = CommitmentResult(uid, tuple(named[:at]), failed)
    assert read_result(write_result(result, syntax), syntax) == result
    assert result.event_type_id == (2 if failed else 1)


@given(st.binary(max_size=200), syntaxes)
def test_nothing_but_an_error_comes_of_noise(noise: bytes, syntax: Any) -> None:
    for read in read_request, read_result:
        with suppress(CommitmentError):
            read(noise, syntax)


def test_pydicom_reads_what_is_written() -> None:
    result = CommitmentResult(
        "1.2.3", (Reference(CT, "1.2.1"),), (NotCommitted(Reference(CT, "1.2.2"), 0x0112),)
    )
    for syntax in SYNTAXES:
        ds: Any = dcmread(io.BytesIO(part10(syntax.uid, write_result(result, syntax))))
        assert ds.TransactionUID == "1.2.3"
        (kept,), (failed,) = ds.ReferencedSOPSequence, ds.FailedSOPSequence
        assert (kept.ReferencedSOPClassUID, kept.ReferencedSOPInstanceUID) == (CT, "1.2.1")
        assert (failed.ReferencedSOPInstanceUID, failed.FailureReason) == ("1.2.2", 0x0112)


def part10(syntax: str, data_set: bytes) -> bytes:
    written, file = io.BytesIO(), Dataset()
    file.file_meta = _meta(syntax)
    file.save_as(written, enforce_file_format=True)
    return written.getvalue() + data_set


def _meta(syntax: str) -> Any:
    meta: Any = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CT, "1.2"
    return meta


def test_an_instance_named_twice_is_asked_for_once() -> None:
    one = Reference(CT, "1.2.1")
    asked = read_request(write_request(CommitmentRequest("1.2", (one, one)), IMPLICIT), IMPLICIT)
    assert asked.references == (one,)


def test_what_is_both_is_not_committed() -> None:
    one = Reference(CT, "1.2.1")
    said = CommitmentResult("1.2", (one,), (NotCommitted(one, 0x0110),))
    read = read_result(write_result(said, EXPLICIT), EXPLICIT)
    assert (read.committed, read.failed) == ((), said.failed)


def test_a_failure_without_a_reason_is_one_of_processing() -> None:
    one = Reference(CT, "1.2.1")
    said = CommitmentResult("1.2", (), (NotCommitted(one, 0),))
    assert read_result(write_result(said, EXPLICIT), EXPLICIT).failed[0].reason == 0x0110


@pytest.mark.parametrize(
    ("uid", "named", "told"),
    [
        ("", [Reference(CT, "1.2")], "(0008,1195): '' is not a UID"),
        ("x", [Reference(CT, "1.2")], "(0008,1195): 'x' is not a UID"),
        ("1.2", [], "(0008,1199): no item"),
        ("1.2", [Reference(CT, "1.3"), Reference(CT, "")], "(0008,1199): item 2: '' is not a UID"),
        ("1.2", [Reference("CT", "1.3")], "(0008,1199): item 1: 'CT' is not a UID"),
    ],
)
def test_what_asks_for_nothing_is_refused(uid: str, named: list[Reference], told: str) -> None:
    raw = write_request(CommitmentRequest(uid, tuple(named)), EXPLICIT)
    with pytest.raises(CommitmentError) as refused:
        read_request(raw, EXPLICIT)
    assert str(refused.value).startswith(told)
    assert refused.value.status == Status.INVALID_ARGUMENT_VALUE


def test_an_unreadable_data_set_is_refused() -> None:
    with pytest.raises(CommitmentError, match="unreadable data set") as refused:
        read_request(b"\x08\0\x99\x11\x10\0\0\0" + bytes(16), IMPLICIT)
    assert (refused.value.status, refused.value.tag) == (0x0115, TRANSACTION_UID)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_d47_as_many_as_may_be_are_read_and_not_one_more(syntax: Any) -> None:
    most = [Reference(CT, f"1.2.{number}") for number in range(MAX_REFERENCES + 1)]
    raw = write_request(CommitmentRequest("1.2", tuple(most[:-1])), syntax)
    assert len(read_request(raw, syntax).references) == MAX_REFERENCES
    with pytest.raises(CommitmentError, match="20001 instances, 20000 are the most") as refused:
        read_request(write_request(CommitmentRequest("1.2", tuple(most)), syntax), syntax)
    assert refused.value.status == Status.RESOURCE_LIMITATION


def test_d47_a_hundred_thousand_are_refused_before_they_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = tuple(Reference("1.2", f"1.2.{number}") for number in range(100_000))
    raw = write_request(CommitmentRequest("1.2", many), IMPLICIT)
    monkeypatch.setattr(commitment, "read_data_set", lambda *_, **__: pytest.fail("it was read"))
    began = perf_counter()
    for each in raw[:MAX_INFORMATION_BYTES], raw, bytes(MAX_INFORMATION_BYTES + 1):
        with pytest.raises(CommitmentError) as refused:
            read_request(each, IMPLICIT)
        assert refused.value.status == Status.RESOURCE_LIMITATION
    assert perf_counter() - began < 1
