"""A daemon whose store is in SeaweedFS, which dies and comes back while DCMTK sends."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import obstore
import pytest

from contrib.peers import seaweedfs
from contrib.peers.seaweedfs import SeaweedFS
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.testing.daemon import running
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.interop import peers
from tests.interop.objects import Part10

COUNT = 40
CONFIGURATION = """
[dimse]
listen = ["127.0.0.1:0"]
[http]
listen = "127.0.0.1:0"
[store]
name = "store_s3"
[plugins.store_fs]
[plugins.store_s3]
endpoint = "{endpoint}"
bucket = "{bucket}"
access_key_id = "{key}"
secret_access_key = "{secret}"
max_cache_bytes = {cache}
keep_free_bytes = 0
request_timeout_s = 5
"""


@pytest.fixture
def seaweed() -> Iterator[SeaweedFS]:
    with seaweedfs.running() as server:
        yield server


def configured(folder: Path, server: SeaweedFS, *, cache: int) -> Path:
    path = folder / "pacsd.toml"
    text = CONFIGURATION.format(
        endpoint=server.endpoint,
        bucket=seaweedfs.BUCKET,
        key=seaweedfs.ACCESS_KEY_ID,
        secret=seaweedfs.SECRET_ACCESS_KEY,
        cache=cache,
    )
    path.write_text(text, encoding="utf-8")
    return path


def files(folder: Path) -> list[Path]:
    """CT images of one study, as DICOM files."""
    paths = []
    for number in range(1, COUNT + 1):
        uid = f"1.2.3.1.{number}"
        meta = _meta(uid)
        content = data_set({"SOPInstanceUID": uid, "InstanceNumber": str(number)}, pixel_bytes=9000)
        path = folder / f"{number}.dcm"
        path.write_bytes(bytes(128) + b"DICM" + meta + content)
        paths.append(path)
    return paths


def _meta(uid: str) -> bytes:
    elements = b"".join(
        (
            _text(b"\x02\x00", CT_IMAGE_STORAGE),
            _text(b"\x03\x00", uid),
            _text(b"\x10\x00", EXPLICIT_VR_LITTLE_ENDIAN),
        )
    )
    length = len(elements).to_bytes(4, "little")
    return b"\x02\x00\x00\x00UL\x04\x00" + length + elements


def _text(element: bytes, value: str) -> bytes:
    raw = value.encode() + b"\0" * (len(value) % 2)
    return b"\x02\x00" + element + b"UI" + len(raw).to_bytes(2, "little") + raw


def send(port: int, paths: list[Path]) -> list[str]:
    """The statuses of the C-STORE-RSPs, in the order of the files."""
    command = [peers.program("storescu"), "-v", "-nh", "-aec", "PACSD", "127.0.0.1", port, *paths]
    _, said = peers.run_to_its_end(*command)
    found = re.findall(r"Received Store Response \((.*)\)", said)
    assert found, said
    return found


def got(port: int, folder: Path) -> dict[str, bytes]:
    """The data sets of the study, by SOP Instance UID, as C-GET brings them."""
    folder.mkdir()
    peers.run(*getting(port, folder))
    return in_folder(folder)


def getting(port: int, folder: Path) -> list[object]:
    """DCMTK's C-GET of the study."""
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3"]
    options = ["-v", "-S", "+B", "-od", folder, "-aec", "PACSD", *keys]
    return [peers.program("getscu"), *options, "127.0.0.1", port]


def in_folder(folder: Path) -> dict[str, bytes]:
    """The data sets of the files there, by SOP Instance UID."""
    found = [Part10.read(path) for path in folder.iterdir()]
    return {each.sop_instance_uid: each.data_set for each in found}


def status_of(port: int, path: str) -> int:
    """The status that a retrieval from the study is answered with."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        accept = 'multipart/related; type="application/dicom"'
        connection.request("GET", f"/dicomweb/studies/1.2.3{path}", headers={"Accept": accept})
        return connection.getresponse().status
    finally:
        connection.close()


@contextmanager
def dies_once_there_are(count: int, folder: Path, server: SeaweedFS) -> Iterator[None]:
    """Kill a server once a folder has so many files; at the end of the block at the latest."""
    is_over, waited = threading.Event(), threading.Event()  # nobody sets the second

    def watch() -> None:
        while not is_over.is_set() and len(list(folder.iterdir())) < count:
            waited.wait(0.001)
        server.kill()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def wait_until_uploaded(server: SeaweedFS) -> None:
    """Wait until the far store has all that was sent."""
    client, waited = server.client(), threading.Event()  # nobody sets it
    for _ in range(600):
        if len(obstore.list(client, "objects").collect()) == COUNT:
            return
        waited.wait(0.1)
    raise AssertionError(f"the far store has not got {COUNT} objects")


def test_what_was_acknowledged_is_there_whatever_became_of_the_far_store(
    tmp_path: Path, seaweed: SeaweedFS
) -> None:
    paths = files(tmp_path)
    sent = {each.sop_instance_uid: each.data_set for each in map(Part10.read, paths)}
    data_dir = tmp_path / "data"
    config = configured(tmp_path, seaweed, cache=0)
    with running("--config", str(config), data_dir=data_dir) as one:
        assert send(one.port, paths[: COUNT // 2]) == ["Success"] * (COUNT // 2)
        seaweed.kill()
        assert send(one.port, paths[COUNT // 2 :]) == ["Success"] * (COUNT - COUNT // 2)
        seaweed.begin()
        one.wait_for("the far store answers again")
        wait_until_uploaded(seaweed)
        assert got(one.port, tmp_path / "first") == sent
        assert one.stop() == 0
    # Nothing is left here but what the index knows: all of it comes from the far store.
    with running("--config", str(config), data_dir=data_dir) as again:
        assert not list((data_dir / "store/objects").rglob("*.dcm"))[1:]
        assert got(again.port, tmp_path / "second") == sent
        assert again.stop() == 0
        assert [line for line in again.lines if line.get("level") == "error"] == []


def test_a_far_store_that_dies_while_a_study_is_fetched(tmp_path: Path, seaweed: SeaweedFS) -> None:
    paths = files(tmp_path)
    sent = {each.sop_instance_uid: each.data_set for each in map(Part10.read, paths)}
    config = configured(tmp_path, seaweed, cache=0)
    with running("--config", str(config), data_dir=tmp_path / "data") as daemon:
        assert send(daemon.port, paths) == ["Success"] * COUNT
        wait_until_uploaded(seaweed)
        cut = tmp_path / "cut"
        cut.mkdir()
        with dies_once_there_are(3, cut, seaweed):
            _, said = peers.run_to_its_end(*getting(daemon.port, cut))
        # What came is whole and is what was sent; what did not come is said to have failed.
        came = in_folder(cut)
        assert came.items() <= sent.items()
        assert 3 <= len(came) < COUNT
        assert f"Number of Failed Suboperations    : {COUNT - len(came)}" in said, said
        # A few are in hand yet; of the others it is said that they cannot be had now.
        gone = [f"/series/1.2.3.1/instances/{uid}" for uid in sent if uid not in came]
        answers = {path: status_of(daemon.http_port, path) for path in gone}
        assert set(answers.values()) <= {200, 503}
        refused = [path for path, status in answers.items() if status == 503]
        assert refused
        seaweed.begin()
        assert status_of(daemon.http_port, refused[0]) == 200
        assert got(daemon.port, tmp_path / "again") == sent
        assert daemon.stop() == 0
