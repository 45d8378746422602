import struct

import pytest

from pacsd.dicom.dicomdir import referenced_files
from pacsd.dicom.errors import ScanError
from pacsd.dicom.registry import TransferSyntax
from tests.dicom.corpus import CorpusObject, objects
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT, element, item, order, sequence


def record(syntax: TransferSyntax, file_id: bytes = b"", in_use: int | None = 0xFFFF) -> bytes:
    flag = b""
    if in_use is not None:
        value = struct.pack(order(syntax) + "H", in_use)
        flag = element(0x00041410, "US", value, syntax)
    name = element(0x00041500, "CS", file_id, syntax) if file_id else b""
    nested = sequence(0x00081140, item(element(0x00041500, "CS", b"NO", syntax), syntax), syntax)
    return item(flag + name + nested, syntax)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG], ids=lambda each: each.keyword)
def test_the_files_of_records_in_use(syntax: TransferSyntax) -> None:
    records = [
        record(syntax),
        record(syntax, b"IMAGES\\CT1 "),
        record(syntax, b"GONE", in_use=0),
        record(syntax, b"CT2\0", in_use=None),
    ]
    data = element(0x00041130, "CS", b"SET ", syntax)
    data += sequence(0x00041220, b"".join(records), syntax)
    assert list(referenced_files(data, syntax)) == [("IMAGES", "CT1"), ("CT2",)]


def test_no_records_no_files() -> None:
    assert list(referenced_files(sequence(0x00041220, b""), EXPLICIT)) == []
    assert list(referenced_files(element(0x00041500, "CS", b"NO"), EXPLICIT)) == []


def test_what_cannot_be_read() -> None:
    with pytest.raises(ScanError):
        list(referenced_files(sequence(0x00041220, element(0x00041500, "CS", b"NO")), EXPLICIT))


def dicomdirs() -> list[CorpusObject]:
    """All but one that is cut short."""
    named = [each for each in objects() if each.path.name.startswith("DICOMDIR")]
    return [each for each in named if each.path.name != "DICOMDIR-nooffset"]


@pytest.mark.parametrize("each", dicomdirs(), ids=lambda each: each.path.name)
def test_pydicom_finds_the_same(each: CorpusObject) -> None:
    records = each.as_pydicom_reads().get("DirectoryRecordSequence", [])
    expected = [
        (ids,) if isinstance(ids, str) else tuple(ids)
        for ids in (record.get("ReferencedFileID") for record in records)
        if ids
    ]
    assert list(referenced_files(each.inflated, each.syntax)) == expected
