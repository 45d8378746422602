"""A study sent over DIMSE, downloaded as a ZIP, unpacked, and imported byte for byte."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import orjson
import pytest

from pacsd.testing.daemon import Running, running
from tests.dicom.as_pydicom_lists import file_set
from tests.interop import peers
from tests.interop.objects import Part10
from tests.interop.test_export import Record, leaves, pacsd
from tests.interop.test_send import Sent, data_sets, of_pydicom, send

pytestmark = pytest.mark.timeout(120)  # many commands, each in a process of its own


@pytest.fixture(scope="module")
def daemon() -> Iterator[Running]:
    with running() as started:
        yield started


def get(daemon: Running, target: str, accept: str) -> tuple[dict[str, str], bytes]:
    with closing(HTTPConnection(peers.LOOPBACK, daemon.http_port, timeout=30)) as connection:
        connection.request("GET", f"/dicomweb{target}", headers={"Accept": accept})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return {name.lower(): value for name, value in answer.getheaders()}, body


def studies(daemon: Running) -> list[str]:
    _, body = get(daemon, "/studies", "application/dicom+json")
    return [each["0020000D"]["Value"][0] for each in orjson.loads(body)]


@pytest.fixture(scope="module")
def unpacked(daemon: Running, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The ZIP of each study, unpacked in a folder of its own."""
    objects = of_pydicom()
    said = send(f"PACSD={peers.LOOPBACK}:{daemon.port}", *(each.path for each in objects))
    assert (said["sent"], said["failed"]) == (len(objects), 0)
    folders = []
    for study in studies(daemon):
        headers, body = get(daemon, f"/studies/{study}", "application/zip")
        assert headers["content-disposition"] == f'attachment; filename="{study}.zip"'
        assert int(headers["content-length"]) == len(body)
        folder = tmp_path_factory.mktemp("zip")
        (folder / "study.zip").write_bytes(body)
        peers.run(peers.program("unzip"), "-q", folder / "study.zip", "-d", folder / "out")
        folders.append(folder / "out")
    return folders


def in_folders(folders: list[Path]) -> dict[str, Sent]:
    files = [path for each in folders for path in (each / "DICOM").rglob("*") if path.is_file()]
    return data_sets([Part10.read(path) for path in files])


def padded(sent: Mapping[str, Sent]) -> dict[str, Sent]:
    """As they go over the wire: what is deflated may lack its padding."""
    return {uid: (syntax, data + b"\0" * (len(data) % 2)) for uid, (syntax, data) in sent.items()}


def test_data_sets_are_byte_for_byte_those_that_were_sent(unpacked: list[Path]) -> None:
    assert in_folders(unpacked) == padded(data_sets(of_pydicom()))


def test_each_is_a_file_set_that_others_read(unpacked: list[Path]) -> None:
    for folder in unpacked:
        files = {path for path in (folder / "DICOM").rglob("*") if path.is_file()}
        assert set(file_set(folder / "DICOMDIR").values()) == files
        dumped = peers.run(peers.program("dcmdump"), "--verbose", folder / "DICOMDIR")
        assert not re.search("[WEF]:", dumped)


def test_its_records_are_those_of_an_export(
    daemon: Running, unpacked: list[Path], tmp_path: Path
) -> None:
    pacsd(daemon.data_dir, "export", tmp_path / "out", "--all")
    exported = dict(leaves(tmp_path / "out/DICOMDIR"))
    zipped = {uid: each for folder in unpacked for uid, each in leaves(folder / "DICOMDIR")}
    assert [*map(without_file, zipped.values())] == [without_file(exported[uid]) for uid in zipped]
    assert zipped.keys() == exported.keys()


def without_file(record: Record) -> Record:
    return {keyword: each for keyword, each in record.items() if keyword != "ReferencedFileID"}


def test_the_dicomdirs_bring_everything_back(
    daemon: Running, unpacked: list[Path], tmp_path: Path
) -> None:
    with running("--http", "") as other:
        for folder in unpacked:
            pacsd(other.data_dir, "import", folder / "DICOMDIR")
        pacsd(other.data_dir, "export", tmp_path / "again", "--all", "--no-dicomdir")
    assert in_folders([tmp_path / "again"]) == in_folders(unpacked)
    assert daemon.process.poll() is None
