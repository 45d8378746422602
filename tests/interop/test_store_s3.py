"""A daemon whose store is in SeaweedFS, which dies and comes back while DCMTK sends."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest

from contrib.peers import seaweedfs
from contrib.peers.seaweedfs import SeaweedFS
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.testing.daemon import Running, running
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.interop import peers
from tests.interop.objects import Part10

COUNT = 40
CONFIGURATION = """
[dimse]
listen = ["127.0.0.1:0"]
[http]
listen = ""
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
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3"]
    command = [peers.program("getscu"), "-S", "+B", "-od", folder, "-aec", "PACSD", *keys]
    peers.run(*command, "127.0.0.1", port)
    found = [Part10.read(path) for path in folder.iterdir()]
    return {each.sop_instance_uid: each.data_set for each in found}


def wait_until_far(daemon: Running, server: SeaweedFS) -> None:
    """Wait until the far store has all that was sent."""
    daemon.wait_for("the far store answers again")
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
        wait_until_far(one, seaweed)
        assert got(one.port, tmp_path / "first") == sent
        assert one.stop() == 0
    # Nothing is left here but what the index knows: all of it comes from the far store.
    with running("--config", str(config), data_dir=data_dir) as again:
        assert not list((data_dir / "store/objects").rglob("*.dcm"))[1:]
        assert got(again.port, tmp_path / "second") == sent
        assert again.stop() == 0
        assert [line for line in again.lines if line.get("level") == "error"] == []
