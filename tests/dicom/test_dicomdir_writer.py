import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread

from pacsd.dicom import dicomdir_writer
from pacsd.dicom.dicomdir import referenced_files
from pacsd.dicom.dicomdir_writer import (
    DirectoryRecord,
    ReferencedFile,
    directory_record,
    encode_dicomdir,
)
from pacsd.dicom.errors import Part10Error
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.part10 import decode_file_meta
from tests.dicom.written import element

EXPLICIT = known_syntax("1.2.840.10008.1.2.1")
TERMS = ("PATIENT", "STUDY", "SERIES", "IMAGE")


def record(depth: int, number: int) -> DirectoryRecord:
    keys = element(0x00200013, "IS", f"{number:04}".encode())
    if depth < 3:
        return directory_record(depth, TERMS[depth], keys)
    file_id = ("DICOM", f"IM{number:06}")
    return directory_record(depth, "IMAGE", keys, ReferencedFile(file_id, "1.2", "1.3", "1.4"))


def encoded(records: list[DirectoryRecord]) -> bytes:
    return b"".join(encode_dicomdir(records, "2.25.1", "OURS"))


def tree(ds: Any) -> list[tuple[int, int]]:
    """(depth, number) of each record, as its offsets say."""
    by_offset = {each.seq_item_tell: each for each in ds.DirectoryRecordSequence}

    def below(offset: int, depth: int) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        while offset:
            each = by_offset[offset]
            found.append((depth, int(each.InstanceNumber)))
            found += below(each.OffsetOfReferencedLowerLevelDirectoryEntity, depth + 1)
            offset = each.OffsetOfTheNextDirectoryRecord
        return found

    return below(ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity, 0)


@st.composite
def depths(draw: st.DrawFn) -> list[int]:
    """Of records in the order of a tree: each at most one deeper than the one before."""
    found: list[int] = []
    for step in draw(st.lists(st.integers(-3, 1), max_size=30)):
        found.append(max(0, min(3, found[-1] + step)) if found else 0)
    return found


@given(depths())
def test_the_tree_that_pydicom_reads_is_the_one_that_was_written(written: list[int]) -> None:
    records = [record(depth, number) for number, depth in enumerate(written)]
    ds = dcmread(io.BytesIO(encoded(records)))
    assert tree(ds) == [(depth, number) for number, depth in enumerate(written)]
    roots = [each.seq_item_tell for each in ds.DirectoryRecordSequence if not _depth(each)]
    assert ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity == (roots or [0])[-1]


def _depth(each: Any) -> int:
    return TERMS.index(each.DirectoryRecordType)


def test_our_own_reader_finds_the_files() -> None:
    data = encoded([record(0, 0), record(1, 1), record(2, 2), record(3, 3), record(3, 4)])
    meta, offset = decode_file_meta(data)
    assert meta.media_storage_sop_class_uid == "1.2.840.10008.1.3.10"
    found = list(referenced_files(data[offset:], EXPLICIT))
    assert found == [("DICOM", "IM000003"), ("DICOM", "IM000004")]


def test_a_record_says_what_its_file_holds() -> None:
    ds = dcmread(io.BytesIO(encoded([record(0, 0), record(1, 1), record(2, 2), record(3, 3)])))
    last = ds.DirectoryRecordSequence[-1]
    assert ds.FileSetID == "OURS"
    assert last.RecordInUseFlag == 0xFFFF
    assert last.ReferencedSOPClassUIDInFile == "1.2"
    assert last.ReferencedSOPInstanceUIDInFile == "1.3"
    assert last.ReferencedTransferSyntaxUIDInFile == "1.4"


def test_offsets_have_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicomdir_writer, "UNDEFINED_LENGTH", 500)
    with pytest.raises(Part10Error, match="a DICOMDIR of"):
        encoded([record(0, number) for number in range(10)])
