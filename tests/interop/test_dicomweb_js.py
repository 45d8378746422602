"""DICOMweb with the dicomweb-client of browsers: a study stored, found, and had back."""

import json
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pacsd.dicom.part10 import FileMeta, decode_file_meta, encode_file_meta
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.testing.daemon import running
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.interop import peers

STUDY = "1.2.3"
COUNT = 3


def image(number: int) -> bytes:
    """An image of its own series; its pixels say which."""
    shape: dict[str, str | int] = {
        "Rows": 2, "Columns": 4, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7,
        "SamplesPerPixel": 1, "PixelRepresentation": 0, "PhotometricInterpretation": "MONOCHROME2",
    }  # fmt: skip
    uids = {"SOPInstanceUID": f"1.2.3.4.{number}", "SeriesInstanceUID": f"1.2.3.{number}"}
    made = data_set({**shape, **uids, "PatientName": "Müller^Jörg"}, pixel_bytes=8)
    return made[:-8] + bytes([number]) * 8


@pytest.fixture(scope="module")
def sent() -> Mapping[str, bytes]:
    return {f"1.2.3.4.{number}": image(number) for number in range(1, COUNT + 1)}


@pytest.fixture(scope="module")
def said(sent: Mapping[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("files")
    for uid, data in sent.items():
        meta = FileMeta(CT_IMAGE_STORAGE, uid, EXPLICIT_VR_LITTLE_ENDIAN, "1.2.3")
        (folder / f"{uid}.dcm").write_bytes(encode_file_meta(meta) + data)
    with running() as daemon:
        url = f"http://{peers.LOOPBACK}:{daemon.http_port}/dicomweb"
        files = sorted(folder.iterdir())
        command = peers.node_script("dicomweb-client", peers.DICOMWEB_JS, url, STUDY, *files)
        answered = json.loads(peers.run(*command))
        assert daemon.stop() == 0
        assert [line for line in daemon.lines if line.get("level") == "error"] == []
        return answered


def values(answers: list[dict[str, Any]], tag: str) -> list[Any]:
    return sorted(each[tag]["Value"][0] for each in answers)


def test_it_stores(said: Any, sent: Mapping[str, bytes]) -> None:
    # It hands on the answer as text.
    report = json.loads(said["stored"])
    assert values(report["00081199"]["Value"], "00081155") == sorted(sent)


def test_it_finds(said: Any, sent: Mapping[str, bytes]) -> None:
    [study] = said["studies"]
    assert study["00100010"]["Value"] == [{"Alphabetic": "Müller^Jörg"}]
    assert study["00201208"]["Value"] == [COUNT]
    assert values(said["series"], "0020000E") == ["1.2.3.1", "1.2.3.2", "1.2.3.3"]
    assert values(said["instances"], "00080018") == sorted(sent)
    assert values(said["metadata"], "00080018") == sorted(sent)


def test_it_has_back_what_it_stored(said: Any, sent: Mapping[str, bytes]) -> None:
    got = {}
    for each in map(b64decode, (*said["files"], said["alone"])):
        meta, offset = decode_file_meta(each)
        got[meta.media_storage_sop_instance_uid] = each[offset:]
    assert len(said["files"]) == COUNT
    assert got == sent


def test_it_has_the_frames(said: Any) -> None:
    numbers = [int(each["00080018"]["Value"][0].rpartition(".")[2]) for each in said["instances"]]
    assert [*map(b64decode, said["frames"])] == [bytes([number]) * 8 for number in numbers]
