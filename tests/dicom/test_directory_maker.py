"""Records in the order of the tree; what stands in them, `test_directory_keys.py` has."""

from collections.abc import Sequence
from io import BytesIO

import pytest
from pydicom import dcmread

from pacsd.dicom.data_set import DataSet, read_data_set
from pacsd.dicom.dicomdir_writer import ReferencedFile
from pacsd.dicom.directory_maker import DirectoryMaker, last_tag, wanted_of
from pacsd.dicom.directory_records import PATIENT, RecordType, record_type
from pacsd.dicom.errors import FileSetError, ScanError
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.dicom.written import EXPLICIT

PRIVATE = "1.2.3.4.5"


def file(name: str, sop_class_uid: str = CT_IMAGE_STORAGE) -> ReferencedFile:
    return ReferencedFile(("DICOM", *name.split("/")), sop_class_uid, "1.2.3.4", EXPLICIT.uid)


def header(_kinds: Sequence[RecordType]) -> DataSet:
    return read_data_set(data_set(), EXPLICIT)


def terms(maker: DirectoryMaker) -> list[str]:
    ds = dcmread(BytesIO(b"".join(maker.encoded("2.25.1"))))
    assert ds.file_meta.MediaStorageSOPInstanceUID == "2.25.1"
    return [each.DirectoryRecordType for each in ds.DirectoryRecordSequence]


def test_folders_are_records_once() -> None:
    maker = DirectoryMaker(10_000)
    asked: list[list[str]] = []

    def read(kinds: Sequence[RecordType]) -> DataSet:
        asked.append([each.term for each in kinds])
        return header(kinds)

    for name in ("PT1/ST1/SE1/IM1", "PT1/ST1/SE1/IM2", "PT1/ST1/SE2/IM1", "PT1/ST2/SE1/IM1"):
        assert maker.add(file(name), read) == ""
    assert asked == [
        ["PATIENT", "STUDY", "SERIES", "IMAGE"],
        ["IMAGE"],
        ["SERIES", "IMAGE"],
        ["STUDY", "SERIES", "IMAGE"],
    ]
    assert terms(maker) == [each for kinds in asked for each in kinds]


def test_what_has_no_record_makes_none_above_it() -> None:
    maker = DirectoryMaker(10_000)

    def broken(_kinds: Sequence[RecordType]) -> DataSet:
        raise ScanError("cannot be read")

    private = file("PT1/ST1/SE1/XX1", PRIVATE)
    assert maker.add(private, header) == f"no directory record for {PRIVATE}"
    assert maker.add(file("PT1/ST1/SE2/IM1"), broken) == "cannot be read"
    assert terms(maker) == []
    assert maker.add(file("PT1/ST1/SE2/IM2"), header) == ""
    assert terms(maker) == ["PATIENT", "STUDY", "SERIES", "IMAGE"]


def test_it_has_a_bound() -> None:
    maker = DirectoryMaker(700)
    maker.add(file("PT1/ST1/SE1/IM1"), header)
    with pytest.raises(FileSetError, match="more than 700 bytes"):
        maker.add(file("PT2/ST1/SE1/IM1"), header)


def test_which_attributes_records_have() -> None:
    assert last_tag([]) == 0
    assert last_tag([record_type(PATIENT)]) == 0x00100040
    assert wanted_of(CT_IMAGE_STORAGE) > {key.tag for key in record_type(PATIENT).keys}
    assert 0x00280010 in wanted_of(CT_IMAGE_STORAGE)
    assert 0x00280010 not in wanted_of(PRIVATE)
    # Of whoever verified a document the last moment is told.
    assert 0x0040A073 in wanted_of("1.2.840.10008.5.1.4.1.1.88.11")
