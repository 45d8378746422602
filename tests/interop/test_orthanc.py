"""Orthanc as a peer, with its own configuration on its own ports."""

import sys
from collections.abc import Iterator

import pytest
from pydicom import dcmread

from pacsd.testing.daemon import Running
from tests.interop import peers
from tests.interop.objects import Store, ct_small


@pytest.fixture(scope="module")
def orthanc(served: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[peers.Orthanc]:
    with peers.orthanc(tmp_path_factory.mktemp("orthanc"), served.port) as running:
        yield running


def test_it_echoes(orthanc: peers.Orthanc) -> None:
    assert orthanc.post("/modalities/pacsd/echo") == {}


def test_it_stores(orthanc: peers.Orthanc, served: Running) -> None:
    sent, store = ct_small(), Store(served)
    uploaded = orthanc.post("/instances", sent.path.read_bytes())
    answer = orthanc.post("/modalities/pacsd/store", str(uploaded["ID"]).encode())
    assert (answer["InstancesCount"], answer["FailedInstancesCount"]) == (1, 0)
    (stored,) = store.new()
    assert stored.sop_instance_uid == sent.sop_instance_uid
    assert dcmread(stored.path).PixelData == dcmread(sent.path).PixelData
    assert stored.meta["SendingApplicationEntityTitle"] == "ORTHANC"


def test_we_echo_it(orthanc: peers.Orthanc) -> None:
    peer = f"ORTHANC={peers.LOOPBACK}:{orthanc.dicom_port}"
    said = peers.run(sys.executable, "-m", "pacsd", "echo", peer, "--count", 20, "--parallel", 2)
    assert "20 C-ECHO answered" in said
