from pathlib import Path

import pytest

from pacsd.app.dicom_files import DicomFile, Found, Skipped, Unreadable, count_files, examine, find
from pacsd.dicom.dicomdir import MEDIA_STORAGE_DIRECTORY
from pacsd.dicom.part10 import encode_file_meta
from pacsd.dicom.registry import TransferSyntax
from tests.app.dicom_folder import CT, JPEG, data_set, meta, write
from tests.dicom.written import BIG, DEFLATED, EXPLICIT, IMPLICIT, element, item, sequence


def instance(found: Found) -> DicomFile:
    assert isinstance(found, DicomFile), found
    return found


def names(found: list[Found]) -> list[tuple[str, str]]:
    return [(type(each).__name__, each.path.name) for each in found]


@pytest.mark.parametrize(
    "syntax", [IMPLICIT, EXPLICIT, BIG, DEFLATED], ids=lambda each: each.keyword
)
def test_what_a_file_holds(tmp_path: Path, syntax: TransferSyntax) -> None:
    path = write(tmp_path / "a", data_set("1.2.3", syntax), syntax_uid=syntax.uid)
    found = instance(examine(path))
    assert (found.sop_class_uid, found.sop_instance_uid) == (CT, "1.2.3")
    assert found.transfer_syntax_uid == syntax.uid
    assert path.read_bytes()[found.data_set_offset :] == data_set("1.2.3", syntax)


def test_the_data_set_counts_before_the_meta_information(tmp_path: Path) -> None:
    found = instance(examine(write(tmp_path / "a", data_set("1.9"), uid="1.2.3")))
    assert found.sop_instance_uid == "1.9"


@pytest.mark.parametrize("data", [b"", b"\xff" * 20, element(0x00100010, "PN", b"A^")])
def test_where_it_says_nothing_the_meta_information_does(tmp_path: Path, data: bytes) -> None:
    assert instance(examine(write(tmp_path / "a", data))).sop_instance_uid == "1.2.3"


def test_an_unknown_transfer_syntax_is_left_as_it_is(tmp_path: Path) -> None:
    found = instance(examine(write(tmp_path / "a", syntax_uid="1.2.3.4")))
    assert found.transfer_syntax_uid == "1.2.3.4"


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT], ids=lambda each: each.keyword)
def test_a_data_set_without_meta_information(tmp_path: Path, syntax: TransferSyntax) -> None:
    path = tmp_path / "a"
    path.write_bytes(data_set("1.2.3", syntax))
    assert examine(path) == DicomFile(path, CT, "1.2.3", syntax.uid, 0)


@pytest.mark.parametrize("length", [0, 1])
def test_whether_the_data_set_is_even(tmp_path: Path, length: int) -> None:
    data = data_set("1.2.3") + bytes(length)
    assert instance(examine(write(tmp_path / "a", data))).is_even is (length == 0)
    (tmp_path / "b").write_bytes(data)
    assert instance(examine(tmp_path / "b")).is_even is (length == 0)


def test_meta_information_longer_than_is_read_at_first(tmp_path: Path) -> None:
    path = tmp_path / "a"
    private = b"\2\0\2\1OB\0\0" + (20_000).to_bytes(4, "little") + bytes(20_000)
    head = encode_file_meta(meta())
    path.write_bytes(head + private + data_set("1.2.3"))
    assert instance(examine(path)).data_set_offset == len(head) + len(private)


def test_no_transfer_syntax_is_told_from_the_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "a", data_set("1.2.3", IMPLICIT))
    written = path.read_bytes()
    without = written.replace(b"\2\0\x10\0UI", b"\2\0\x11\0UI", 1)
    path.write_bytes(without)
    assert instance(examine(path)).transfer_syntax_uid == IMPLICIT.uid


@pytest.mark.parametrize("data", [b"", b"text", bytes(5_000), b"\x08\0", b"%PDF-1.4\n" * 2_000])
def test_other_files_are_skipped(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    assert examine(path) == Skipped(path)


def test_dicom_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(encode_file_meta(meta())[:200])
    assert "0 bytes are left" in unreadable(path)
    write(path, b"", uid="x")
    assert unreadable(path) == "no SOP Instance UID (PS3.3 section C.12.1)"
    assert unreadable(tmp_path / "gone") == "No such file or directory"


def unreadable(path: Path) -> str:
    found = examine(path)
    assert isinstance(found, Unreadable)
    return found.why


def test_a_folder_with_all_that_is_in_it(tmp_path: Path) -> None:
    write(tmp_path / "b" / "2")
    write(tmp_path / "b" / "1")
    write(tmp_path / "a" / "deep" / "3")
    (tmp_path / "a" / "readme.txt").write_text("no DICOM")
    write(tmp_path / "DICOMDIR", b"", syntax_uid=EXPLICIT.uid)
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    directory = encode_file_meta(meta(sop_class_uid=MEDIA_STORAGE_DIRECTORY))
    (tmp_path / "DICOMDIR").write_bytes(directory)
    assert names(list(find([tmp_path]))) == [
        ("Skipped", "DICOMDIR"),
        ("Skipped", "dangling"),
        ("Skipped", "readme.txt"),
        ("DicomFile", "3"),
        ("DicomFile", "1"),
        ("DicomFile", "2"),
    ]
    assert count_files([tmp_path, tmp_path / "b" / "1"]) == 7


def test_files_are_taken_as_they_are_named(tmp_path: Path) -> None:
    paths = [write(tmp_path / "b"), write(tmp_path / "a", syntax_uid=JPEG)]
    assert [each.path for each in find(paths)] == paths


def test_a_dicomdir_stands_for_what_it_refers_to(tmp_path: Path) -> None:
    write(tmp_path / "CT1")
    write(tmp_path / "NOT_REFERRED_TO")
    records = (item(element(0x00041500, "CS", name)) for name in (b"CT1 ", b"GONE"))
    data = sequence(0x00041220, b"".join(records))
    path = tmp_path / "DICOMDIR"
    path.write_bytes(encode_file_meta(meta(sop_class_uid=MEDIA_STORAGE_DIRECTORY)) + data)
    assert names(list(find([path]))) == [("DicomFile", "CT1"), ("Unreadable", "GONE")]


@pytest.mark.parametrize("syntax_uid", [EXPLICIT.uid, "1.2.3.4"])
def test_a_dicomdir_that_cannot_be_read_is_named(tmp_path: Path, syntax_uid: str) -> None:
    path = tmp_path / "DICOMDIR"
    broken = sequence(0x00041220, element(0x00041500, "CS", b"NO"))
    directory = meta(syntax_uid=syntax_uid, sop_class_uid=MEDIA_STORAGE_DIRECTORY)
    path.write_bytes(encode_file_meta(directory) + broken)
    assert names(list(find([path]))) == [("Unreadable", "DICOMDIR")]


def test_a_folder_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.scandir", denied)
    assert list(find([tmp_path])) == [Unreadable(tmp_path, "Permission denied")]
