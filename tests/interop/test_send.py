"""`pacsd send` to real peers: byte for byte where they take it, the same values where not."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from pynetdicom import AE, evt

from pacsd.app.dicom_files import DicomFile, examine
from pacsd.dicom.inflate import inflate
from pacsd.dicom.part10 import FileMeta, encode_file_meta
from pacsd.dicom.reencode import REENCODABLE
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, sop_class
from pacsd.testing.daemon import Running, running
from tests.dicom.as_pydicom_reads import lines
from tests.dicom.written import element, known
from tests.interop import peers
from tests.interop.objects import (
    COLLECTION,
    OF_PYDICOM,
    Part10,
    Store,
    at_home,
    storable_files,
    together,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
Sent = tuple[str, bytes]
"""The Transfer Syntax and the data set of an instance."""


def send(peer: str, *arguments: object, code: int = 0) -> dict[str, object]:
    """Run the command to its end: what it says."""
    command = [sys.executable, "-m", "pacsd", "send", peer, *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, timeout=peers.PATIENCE_S, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    said: dict[str, object] = json.loads(done.stdout)
    return said


def of_pydicom() -> list[Part10]:
    """Each SOP Instance once, in the first of its syntaxes."""
    read = [Part10.read(Path(str(get_testdata_file(name)))) for name in reversed(OF_PYDICOM)]
    return list({uid_of(each): each for each in read}.values())


def uid_of(part10: Part10) -> str:
    """As the data set has it; some files' meta information says another."""
    found = examine(part10.path)
    assert isinstance(found, DicomFile), found
    return found.sop_instance_uid


def native() -> list[Part10]:
    """Each SOP Instance in a native encoding once, as far as pynetdicom knows its class."""
    broken = {"MR_truncated.dcm", "rtplan_truncated.dcm"}
    found = [each for uid in REENCODABLE for each in storable_files().get(uid, ())]
    fit = [each for each in found if each.path.name not in broken and not is_retired(each)]
    return list({uid_of(each): each for each in fit}.values())


def is_retired(part10: Part10) -> bool:
    known_class = sop_class(part10.sop_class_uid)
    return known_class is None or known_class.is_retired


def data_sets(objects: Sequence[Part10]) -> dict[str, Sent]:
    return {uid_of(each): (each.transfer_syntax_uid, each.data_set) for each in objects}


def values(sent: Sent) -> object:
    """What pydicom reads, without the VRs that Implicit VR does not have."""
    uid, data = sent
    read = lines(inflate(data)[0] if known(uid).is_deflated else data, known(uid))
    return [(path, value) for path, _, value in read]


def even(objects: Sequence[Part10]) -> list[Part10]:
    """Without those whose data set has odd length, which is padded when it is sent."""
    return [each for each in objects if len(each.data_set) % 2 == 0]


def same_values(received: dict[str, Sent], objects: Sequence[Part10]) -> bool:
    sent = data_sets(objects)
    return set(received) == set(sent) and all(
        values(received[uid]) == values(sent[uid]) for uid in sent
    )


# DCMTK


@contextmanager
def storescp(folder: Path, *options: str) -> Iterator[str]:
    received = folder / "received"
    received.mkdir()
    with peers.storescp(folder, "--output-directory", str(received), *options) as port:
        yield f"DCMTK={peers.LOOPBACK}:{port}"


def received_by_dcmtk(folder: Path) -> list[Part10]:
    return [Part10.read(path) for path in sorted((folder / "received").iterdir())]


def test_dcmtk_gets_every_syntax_byte_for_byte(tmp_path: Path) -> None:
    objects = of_pydicom()
    with storescp(tmp_path, "--accept-all", "--bit-preserving") as peer:
        said = send(peer, *(each.path for each in objects), "--associations", 2)
    assert (said["sent"], said["failed"], said["reencoded"]) == (len(objects), 0, [])
    received = data_sets(received_by_dcmtk(tmp_path))
    expected = data_sets(objects)
    for uid, (syntax, data) in expected.items():  # one is deflated without its padding
        assert received[uid] == (syntax, data + b"\0" * (len(data) % 2))


def test_dcmtk_that_takes_implicit_vr_only_gets_that(tmp_path: Path) -> None:
    objects = of_pydicom()
    with storescp(tmp_path, "--implicit", "--bit-preserving") as peer:
        said = send(peer, *(each.path for each in objects), code=1)
    fit = [each for each in objects if each.transfer_syntax_uid in REENCODABLE]
    assert (said["sent"], said["failed"]) == (len(fit), len(objects) - len(fit))
    received = data_sets(received_by_dcmtk(tmp_path))
    assert {uid for uid, _ in received.values()} == {IMPLICIT_VR_LITTLE_ENDIAN}
    assert same_values(received, fit)


def test_dcmtk_that_prefers_big_endian_gets_objects_as_they_are(tmp_path: Path) -> None:
    objects = [each for each in of_pydicom() if not known(each.transfer_syntax_uid).is_deflated]
    objects = [each for each in objects if each.transfer_syntax_uid in REENCODABLE]
    with storescp(tmp_path, "--prefer-big", "--bit-preserving") as peer:
        said = send(peer, *(each.path for each in objects))
    assert said["reencoded"] == []
    assert data_sets(received_by_dcmtk(tmp_path)) == data_sets(objects)


def test_a_dicomdir_is_sent_to_dcmtk(tmp_path: Path) -> None:
    dicomdir = Path(str(get_testdata_file("DICOMDIR")))
    with storescp(tmp_path) as peer:
        said = send(peer, dicomdir)
    assert (said["sent"], said["failed"]) == (31, 0)
    assert len(received_by_dcmtk(tmp_path)) == 31


def test_an_object_at_which_dcmtk_aborts_does_not_hold_up_the_others(tmp_path: Path) -> None:
    objects = of_pydicom()[:3]
    truncated = Path(str(get_testdata_file("MR_truncated.dcm")))
    files = [objects[0].path, truncated, *(each.path for each in objects[1:])]
    with storescp(tmp_path) as peer:
        said = send(peer, *files, code=1)
    assert (said["sent"], said["failed"], said["gave_up"]) == (3, 1, None)
    assert [each["path"] for each in said["failures"]] == [str(truncated)]  # type: ignore[attr-defined]


# pynetdicom


@contextmanager
def pynetdicom_scp(classes: set[str], syntax: str) -> Iterator[tuple[str, dict[str, Sent]]]:
    """It takes one Transfer Syntax only; gives what it received, too."""
    received: dict[str, Sent] = {}

    def store(event: evt.Event) -> int:
        request = event.request
        data_set = request.DataSet.getvalue()
        received[request.AffectedSOPInstanceUID] = (event.context.transfer_syntax, data_set)
        return 0

    ae = AE(ae_title="PYNETDICOM")
    for sop_class_uid in classes:
        ae.add_supported_context(sop_class_uid, syntax)
    handlers = [(evt.EVT_C_STORE, store)]
    server = ae.start_server((peers.LOOPBACK, 0), block=False, evt_handlers=handlers)
    try:
        yield f"PYNETDICOM={peers.LOOPBACK}:{server.server_address[1]}", received
    finally:
        server.shutdown()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("syntax", REENCODABLE, ids=lambda uid: known(uid).keyword)
def test_every_native_object_in_the_one_syntax_that_is_taken(syntax: str) -> None:
    objects = native()
    classes = {each.sop_class_uid for each in objects}
    with pynetdicom_scp(classes, syntax) as (peer, received):
        said = send(peer, *(each.path for each in objects))
    assert (said["sent"], said["failed"]) == (len(objects), 0)
    assert {uid for uid, _ in received.values()} == {syntax}
    assert same_values(received, objects)
    as_stored = [each for each in objects if each.transfer_syntax_uid == syntax]
    assert data_sets(even(as_stored)).items() <= received.items()


# Orthanc


def test_orthanc_keeps_what_it_gets(tmp_path: Path) -> None:
    objects = of_pydicom()
    with peers.orthanc(tmp_path, peers.free_port()) as orthanc:
        peer = f"ORTHANC={peers.LOOPBACK}:{orthanc.dicom_port}"
        said = send(peer, *(each.path for each in objects))
        assert (said["sent"], said["failed"]) == (len(objects), 0)
        for number, name in enumerate(json.loads(orthanc.ask("/instances"))):
            path = tmp_path / f"{number}.dcm"
            path.write_bytes(orthanc.ask(f"/instances/{name}/file"))
            received = data_sets([Part10.read(path)])
            ((uid, sent),) = received.items()
            expected = data_sets(objects)[uid]
            assert sent[0] == expected[0]
            if sent[0] in REENCODABLE:  # it writes what it gets anew, with its own padding
                assert values(sent) == values(expected)


# Ourselves


@pytest.fixture(scope="module")
def own() -> Iterator[Running]:
    with running("--http", "") as daemon:
        yield daemon


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore::UserWarning")  # devices write such objects
def test_we_store_what_we_send_byte_for_byte(own: Running, tmp_path: Path) -> None:
    collection = together(storable_files(), at_home(storable_files(), tmp_path))
    found = [each for objects in collection.values() for each in objects]
    once = list({uid_of(each): each for each in found}.values())
    store = Store(own)
    peer = f"PACSD={peers.LOOPBACK}:{own.port}"
    command = [sys.executable, "-m", "pacsd", "send", peer, "--json", "--associations", "2"]
    files = [str(each.path) for each in once]
    done = subprocess.run([*command, *files], capture_output=True, timeout=30, check=False)
    said = json.loads(done.stdout)
    refused = {each["path"]: each["status"] for each in said["failures"]}
    # Without Study Instance UID, with two SOP Instance UIDs, cut short.
    assert set(refused.values()) <= {"C000", "A900", None}, said["failures"]
    assert len(refused) < len(once) / 10
    assert (said["sent"], said["reencoded"]) == (len(once) - len(refused), [])
    stored = data_sets(store.new())
    kept = [each for each in once if str(each.path) not in refused]
    assert set(stored) == set(data_sets(kept))
    assert data_sets(even(kept)).items() <= stored.items()
    if COLLECTION.is_dir():
        assert {syntax for syntax, _ in stored.values()} == {*collection}


def test_many_small_objects_over_several_associations(own: Running, tmp_path: Path) -> None:
    for number in range(300):
        uid = f"1.2.{number}".encode()
        data = element(0x00080016, "UI", CT.encode() + b"\0" * (len(CT) % 2))
        data += element(0x00080018, "UI", uid + b"\0" * (len(uid) % 2))
        data += element(0x0020000D, "UI", b"1.9\0") + element(0x0020000E, "UI", b"1.9.1\0")
        meta = FileMeta(CT, uid.decode(), EXPLICIT_VR_LITTLE_ENDIAN, "1.2.3")
        (tmp_path / f"{number}").write_bytes(encode_file_meta(meta) + data)
    store = Store(own)
    said = send(f"PACSD={peers.LOOPBACK}:{own.port}", tmp_path, "--associations", 4)
    assert (said["sent"], said["failed"]) == (300, 0)
    assert len(store.new()) == 300
