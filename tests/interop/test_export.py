"""`pacsd export`: byte for byte what was imported, in a File-set that others read."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from pydicom import dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset, FileMetaDataset

from pacsd.dicom.directory_records import PATIENT, SERIES, STUDY, record_type, record_type_of
from pacsd.dicom.part10 import FileMeta, encode_file_meta
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, Service, sop_classes
from pacsd.testing.daemon import Running, running
from tests.app.interrupted import interrupted
from tests.dicom.as_pydicom_lists import file_set
from tests.interop import peers
from tests.interop.objects import Part10
from tests.interop.test_send import Sent, data_sets, of_pydicom, uid_of

pytestmark = pytest.mark.timeout(180)  # many commands, each in a process of its own

EXIT_INTERRUPTED = 130
UPPER = (PATIENT, STUDY, SERIES)
Record: TypeAlias = dict[str, Any]
"""The values of a directory record by keyword, without offsets and character set."""


def pacsd(data_dir: Path, *arguments: object, code: int = 0) -> dict[str, Any]:
    """Run a command to its end: what it says."""
    command = [sys.executable, "-m", "pacsd", *map(str, arguments)]
    options = ["--data-dir", str(data_dir), "--json"]
    patience = peers.PATIENCE_S
    done = subprocess.run([*command, *options], capture_output=True, timeout=patience, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("import")
    for number, each in enumerate(of_pydicom()):
        # With File Meta Information anew: that of some of them names another instance.
        meta = FileMeta(each.sop_class_uid, uid_of(each), each.transfer_syntax_uid, "1.2.3")
        (folder / str(number)).write_bytes(encode_file_meta(meta) + each.data_set)
    with running("--http", "") as started:
        pacsd(started.data_dir, "import", folder)
        yield started


@pytest.fixture(scope="module")
def exported(daemon: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "out"
    said = pacsd(daemon.data_dir, "export", folder, "--all")
    assert said["report"]["exported"] == said["dicomdir"]["records"] == len(of_pydicom())
    return folder


def in_folder(folder: Path) -> dict[str, Sent]:
    files = [path for path in (folder / "DICOM").rglob("*") if path.is_file()]
    return data_sets([Part10.read(path) for path in files])


def records(dicomdir: Path) -> list[Record]:
    ds = dcmread(dicomdir)
    return [
        {
            each.keyword: each.value
            for each in record
            if not each.keyword.startswith("Offset") and each.keyword != "SpecificCharacterSet"
        }
        for record in ds.DirectoryRecordSequence
    ]


def test_data_sets_are_byte_for_byte_those_that_were_imported(exported: Path) -> None:
    assert in_folder(exported) == data_sets(of_pydicom())


def test_the_file_set_is_read_by_pydicom(exported: Path) -> None:
    files = file_set(exported / "DICOMDIR")
    assert {uid: Part10.read(path).data_set for uid, path in files.items()} == {
        uid: data for uid, (_, data) in data_sets(of_pydicom()).items()
    }
    for path in files.values():
        file_id = str(path.relative_to(exported))
        assert re.fullmatch(r"[A-Z0-9_]{1,8}(/[A-Z0-9_]{1,8}){0,7}", file_id)


def test_dcmtk_reads_the_dicomdir_without_a_warning(exported: Path) -> None:
    dumped = peers.run(peers.program("dcmdump"), "--verbose", exported / "DICOMDIR")
    assert dumped.count('"Directory Record"') == len(records(exported / "DICOMDIR"))
    assert "W:" not in dumped
    assert "E:" not in dumped


def test_the_sums_are_those_of_coreutils(exported: Path) -> None:
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    subprocess.run(check, cwd=exported, check=True)


def test_the_dicomdir_brings_everything_back(exported: Path, tmp_path: Path) -> None:
    with running("--http", "") as other:
        said = pacsd(other.data_dir, "import", exported / "DICOMDIR")
        assert said["report"]["outcomes"] == {"stored": len(of_pydicom())}
        pacsd(other.data_dir, "export", tmp_path / "again", "--all", "--no-dicomdir")
    assert in_folder(tmp_path / "again") == data_sets(of_pydicom())


def test_records_say_what_those_of_dcmtk_say(exported: Path, tmp_path: Path) -> None:
    theirs = dict(leaves(dcmmkdir(exported, tmp_path)))
    ours = dict(leaves(exported / "DICOMDIR"))
    assert set(theirs) == set(ours)
    for uid, path in file_set(exported / "DICOMDIR").items():
        ds = dcmread(path, stop_before_pixels=True)
        has_number = str(ds.get("InstanceNumber", "")) not in {"", "None"}
        made_up = set() if has_number else {"InstanceNumber"}
        told = {key: value for key, value in theirs[uid].items() if key not in made_up}
        assert {**ours[uid], **told} == ours[uid]


def leaves(dicomdir: Path) -> Iterator[tuple[str, Record]]:
    for record in records(dicomdir):
        if record["DirectoryRecordType"] not in UPPER:
            yield record["ReferencedSOPInstanceUIDInFile"], record


def dcmmkdir(folder: Path, tmp_path: Path) -> Path:
    """A DICOMDIR of the files in a folder as DCMTK makes it of any that it knows."""
    made = tmp_path / "DICOMDIR"
    lenient = "--invent", "--no-xfer-check", "--no-encoding-check", "--no-consistency-check"
    command = [peers.program("dcmmkdir"), *lenient, "--recurse", "--output-file", str(made)]
    subprocess.run([*command, "DICOM"], cwd=folder, check=False, capture_output=True)
    return made


VALUES = {
    "DA": "20260101",
    "TM": "101112",
    "IS": "1",
    "US": 1,
    "UL": 1,
    "DT": "20260101",
    "UI": "1.2",
}


def test_every_storage_class_has_the_record_that_dcmtk_gives_it(tmp_path: Path) -> None:
    (tmp_path / "DICOM").mkdir()
    classes = [each for each in sop_classes(Service.STORAGE) if not each.is_retired]
    for number, each in enumerate(classes):
        write_with_all_keys(tmp_path / f"DICOM/F{number}", each.uid, f"1.2.3.{number}")
    theirs = [record for _, record in leaves(dcmmkdir(tmp_path, tmp_path))]
    assert len(theirs) > len(classes) * 0.8  # of classes younger than DCMTK it knows nothing
    for record in theirs:
        kind = record_type_of(record["ReferencedSOPClassUIDInFile"])
        assert kind is not None
        assert kind.term == record["DirectoryRecordType"]
        keys = {key.keyword for key in kind.keys}
        assert keys >= {word for word in record if (tag_for_keyword(word) or 0) >= 0x00050000}


def write_with_all_keys(path: Path, sop_class_uid: str, uid: str) -> None:
    """An instance with every key that its record can have."""
    ds, ds.file_meta = Dataset(), FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = sop_class_uid
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid
    kind = record_type_of(sop_class_uid)
    for each in (*map(record_type, UPPER), *([kind] if kind else [])):
        for key in each.keys:
            setattr(ds, key.keyword, value_of(key.keyword))
    ds.SeriesInstanceUID = f"{uid}.1"
    ds.save_as(path, enforce_file_format=True)


def value_of(keyword: str) -> Any:
    vr = dictionary_VR(keyword)
    if vr != "SQ":
        return VALUES.get(vr, "X")
    item = Dataset()
    item.RelationshipType = "HAS CONCEPT MOD"
    return [item]


def test_ctrl_c_ends_it_with_whole_files(daemon: Running, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    arguments: Sequence[str] = ["export", str(folder), "--all", "--data-dir", str(daemon.data_dir)]
    code, out, err = interrupted(arguments, (folder / "manifest.jsonl").exists)
    if code != EXIT_INTERRUPTED:  # it was quicker
        assert code == 0, out + err
        return
    assert err.endswith("interrupted\n")
    assert not list(folder.rglob("*.part"))
    assert in_folder(folder).items() <= data_sets(of_pydicom()).items()
