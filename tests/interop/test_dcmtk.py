"""DCMTK as a peer: its SCUs call us, we call its SCP."""

import subprocess
import sys
from pathlib import Path

from pydicom import dcmread
from pydicom.data import get_testdata_file

from tests.interop import peers
from tests.interop.objects import OF_PYDICOM, Part10, Store, ct_small

UNCOMPRESSED = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"}


def of_pydicom() -> list[Path]:
    return [Path(str(get_testdata_file(name))) for name in OF_PYDICOM]


def write_images(folder: Path, count: int) -> dict[str, Part10]:
    """CT images that DCMTK sends as it reads them: it drops Data Set Trailing Padding."""
    image = dcmread(ct_small().path)
    del image[0xFFFCFFFC]
    written: dict[str, Part10] = {}
    for number in range(1, count + 1):
        uid = image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        path = folder / f"{number:03}.dcm"
        image.save_as(path)
        written[uid] = Part10.read(path)
    return written


def test_echoscu(port: int) -> None:
    said = peers.run(
        peers.program("echoscu"), "-v", "--repeat", 20, "-aec", "PACSD", peers.LOOPBACK, port
    )
    assert said.count("Received Echo Response (Success)") == 20


def test_echoscu_proposes_128_contexts_of_38_syntaxes(port: int) -> None:
    many = ["--propose-ts", 38, "--propose-pc", 128]
    said = peers.run(peers.program("echoscu"), "-v", *many, "-aec", "PACSD", peers.LOOPBACK, port)
    assert "Received Echo Response (Success)" in said


def test_storescu_sends_many_files(store: Store, tmp_path: Path) -> None:
    sent = write_images(tmp_path, 50)
    scan = ["+sd", "-aec", "PACSD"]
    peers.run(peers.program("storescu"), *scan, peers.LOOPBACK, store.port, tmp_path)
    stored = {each.sop_instance_uid: each for each in store.new()}
    assert set(stored) == set(sent)
    assert all(stored[uid].data_set == sent[uid].data_set for uid in sent)


def test_what_dcmtk_writes_anew_is_kept_once(store: Store, tmp_path: Path) -> None:
    """A modality sends it with trailing padding, a router of DCMTK's again without."""
    image = dcmread(ct_small().path)
    uid = image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = "1.2.3.77"
    image.save_as(tmp_path / "sent.dcm")
    to = ["-aec", "PACSD", peers.LOOPBACK, store.port]
    peers.run(
        sys.executable, "-m", "pynetdicom", "storescu", *to[2:], tmp_path / "sent.dcm", *to[:2]
    )
    (first,) = store.new()
    assert first.sop_instance_uid == uid
    assert first.data_set == Part10.read(tmp_path / "sent.dcm").data_set
    said = peers.run(peers.program("storescu"), "-v", *to, tmp_path / "sent.dcm")
    assert "Received Store Response (Success)" in said
    assert list(store.new()) == []
    assert first.path.exists()


def test_dcmsend_sends_every_syntax(store: Store) -> None:
    paths = of_pydicom()
    peers.run(peers.program("dcmsend"), "-aec", "PACSD", peers.LOOPBACK, store.port, *paths)
    stored = {each.sop_instance_uid: each.transfer_syntax_uid for each in store.new()}
    sent = {each.SOPInstanceUID: each.file_meta.TransferSyntaxUID for each in map(dcmread, paths)}
    assert set(stored) == set(sent)
    for uid, syntax in sent.items():
        assert stored[uid] == syntax or {stored[uid], syntax} <= UNCOMPRESSED


def test_the_meta_header_says_what_came_from_whom(store: Store, tmp_path: Path) -> None:
    (sent,) = write_images(tmp_path, 1).values()
    titles = ["-aet", "SENDER", "-aec", "PACSD"]
    peers.run(peers.program("storescu"), *titles, peers.LOOPBACK, store.port, sent.path)
    (stored,) = store.new()
    assert stored.data_set == sent.data_set
    assert stored.sop_class_uid == sent.sop_class_uid
    assert stored.sop_instance_uid == sent.sop_instance_uid
    assert stored.meta["SendingApplicationEntityTitle"] == "SENDER"
    assert stored.meta["ReceivingApplicationEntityTitle"] == "PACSD"
    dump = peers.run(peers.program("dcmdump"), "+P", "0008,0018", "+P", "0010,0010", stored.path)
    assert sent.sop_instance_uid in dump


def test_a_wrong_ae_title_is_told(port: int) -> None:
    command = [peers.program("echoscu"), "-aec", "NOBODY", peers.LOOPBACK, str(port)]
    done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert done.returncode != 0
    assert b"Called AE Title Not Recognized" in done.stderr


def test_we_echo_storescp(tmp_path: Path) -> None:
    with peers.storescp(tmp_path) as port:
        said = peers.run(sys.executable, "-m", "pacsd", "echo", f"DCMTK={peers.LOOPBACK}:{port}")
    assert "1 C-ECHO answered" in said
