"""Orthanc's DICOMweb plugin as a client of ours: it stores, searches and retrieves."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from pacsd.testing.daemon import Running, running
from tests.interop import peers
from tests.interop.objects import Part10, Store, ct_small

SERVER = "/dicom-web/servers/pacsd"


@pytest.fixture(scope="module")
def daemon() -> Iterator[Running]:
    with running() as daemon:
        yield daemon
        assert daemon.stop() == 0
        assert [line for line in daemon.lines if line.get("level") == "error"] == []


@pytest.fixture(scope="module")
def orthanc(daemon: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[peers.Orthanc]:
    root = f"http://{peers.LOOPBACK}:{daemon.http_port}/dicomweb"
    folder = tmp_path_factory.mktemp("orthanc")
    with peers.orthanc(folder, daemon.port, web_root=root) as running_peer:
        yield running_peer


def asked(orthanc: peers.Orthanc, what: str, **said: object) -> object:
    answer: object = json.loads(orthanc.ask(f"{SERVER}/{what}", json.dumps(said).encode()))
    return answer


def test_it_stores_searches_and_retrieves(
    orthanc: peers.Orthanc, daemon: Running, tmp_path: Path
) -> None:
    sent, store = ct_small(), Store(daemon)
    uploaded = orthanc.post("/instances", sent.path.read_bytes())["ID"]
    stored = asked(orthanc, "stow", Resources=[uploaded], Synchronous=True)
    assert isinstance(stored, dict)
    assert int(stored["InstancesCount"]) == 1
    (kept,) = store.new()
    assert (kept.sop_instance_uid, kept.data_set) == (sent.sop_instance_uid, sent.data_set)

    found = asked(orthanc, "qido", Uri="/studies", Arguments={"PatientName": "compressed*"})
    assert isinstance(found, list)
    study = str(dcmread(sent.path).StudyInstanceUID)
    assert [each["0020000D"]["Value"] for each in found] == [study]

    orthanc.delete(f"/instances/{uploaded}")
    assert json.loads(orthanc.ask("/instances")) == []
    retrieved = asked(orthanc, "retrieve", Resources=[{"Study": study}], Synchronous=True)
    assert isinstance(retrieved, dict)
    assert int(retrieved["ReceivedInstancesCount"]) == 1
    assert json.loads(orthanc.ask("/instances")) == [uploaded]
    (tmp_path / "again.dcm").write_bytes(orthanc.ask(f"/instances/{uploaded}/file"))
    assert Part10.read(tmp_path / "again.dcm").data_set == sent.data_set


def test_it_reads_our_metadata(orthanc: peers.Orthanc, daemon: Running) -> None:
    uploaded = orthanc.post("/instances", ct_small().path.read_bytes())["ID"]
    asked(orthanc, "stow", Resources=[uploaded], Synchronous=True)
    study = str(dcmread(ct_small().path).StudyInstanceUID)
    accepts = {"Accept": "application/dicom+json"}
    said = asked(orthanc, "get", Uri=f"/studies/{study}/metadata", HttpHeaders=accepts)
    assert isinstance(said, list)
    assert said[0]["00080018"]["Value"] == [ct_small().sop_instance_uid]
    assert daemon.process.poll() is None
