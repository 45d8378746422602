"""Storage commitment with pynetdicom and Orthanc, both ways, on one association and on another."""

import json
import queue
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (
    CTImageStorage,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)

from pacsd.testing.daemon import Running, running
from tests.interop import peers
from tests.interop.objects import ct_small

pytestmark = pytest.mark.timeout(180)

UNSEEN = "1.2.3.4.5.6.7"


class Listening:
    """pynetdicom as an SCU that is told results, over associations of ours or of its own."""

    def __init__(self) -> None:
        self.results: queue.Queue[tuple[int, Dataset]] = queue.Queue()
        ae = AE(ae_title="PYNETDICOM")
        ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        self._server = ae.start_server((peers.LOOPBACK, 0), block=False, evt_handlers=self.handlers)
        self.port = self._server.server_address[1]

    @property
    def handlers(self) -> list[Any]:
        return [(evt.EVT_N_EVENT_REPORT, self._told)]

    def _told(self, event: evt.Event) -> tuple[int, None]:
        self.results.put((event.event_type, event.event_information))
        return 0, None

    def result(self) -> tuple[int, Dataset]:
        return self.results.get(timeout=peers.PATIENCE_S)

    def shutdown(self) -> None:
        self._server.shutdown()


@pytest.fixture
def listening() -> Iterator[Listening]:
    found = Listening()
    try:
        yield found
    finally:
        found.shutdown()


@contextmanager
def knowing(tmp_path: Path, *known: str, data_dir: Path | None = None) -> Iterator[Running]:
    options = [part for each in known for part in ("--peer", each)]
    with running("--http", "", *options, data_dir=data_dir or tmp_path / "data") as daemon:
        yield daemon
        assert daemon.stop() == 0
        assert daemon.tracebacks() == []


def information(transaction: str, *instances: str) -> Dataset:
    asked = Dataset()
    asked.TransactionUID = transaction
    asked.ReferencedSOPSequence = [referenced(each) for each in instances]
    return asked


def referenced(uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CTImageStorage, uid
    return item


def ask(port: int, listening: Listening, *instances: str, stays: bool) -> str:
    """Store the one object we have and ask for these; the transaction."""
    ae, transaction = AE(ae_title="PYNETDICOM"), generate_uid()
    ae.add_requested_context(StorageCommitmentPushModel)
    ae.add_requested_context(CTImageStorage)
    association = ae.associate(
        peers.LOOPBACK, port, ae_title="PACSD", evt_handlers=listening.handlers
    )
    assert association.is_established
    assert association.send_c_store(dcmread(ct_small().path)).Status == 0
    status, _ = association.send_n_action(
        information(transaction, *instances),
        1,
        StorageCommitmentPushModel,
        StorageCommitmentPushModelInstance,
    )
    assert status.Status == 0
    if stays:
        result = listening.result()
        listening.results.put(result)
    association.release()
    return str(transaction)


@pytest.mark.parametrize("stays", [True, False], ids=["same association", "a new one"])
def test_pynetdicom_asks(tmp_path: Path, listening: Listening, *, stays: bool) -> None:
    stored = ct_small().sop_instance_uid
    with knowing(tmp_path, f"PYNETDICOM={peers.LOOPBACK}:{listening.port}") as daemon:
        transaction = ask(daemon.port, listening, stored, UNSEEN, stays=stays)
        event, told = listening.result()
        daemon.wait_for(
            "storage commitment reported",
            over="the same association" if stays else "a new association",
        )
    assert (event, told.TransactionUID) == (2, transaction)
    assert [each.ReferencedSOPInstanceUID for each in told.ReferencedSOPSequence] == [stored]
    (failed,) = told.FailedSOPSequence
    assert (failed.ReferencedSOPInstanceUID, failed.FailureReason) == (UNSEEN, 0x0112)


def test_who_has_no_address_is_told_over_its_association(
    tmp_path: Path, listening: Listening
) -> None:
    with knowing(tmp_path) as daemon:
        ask(daemon.port, listening, ct_small().sop_instance_uid, stays=True)
    event, told = listening.result()
    assert (event, "FailedSOPSequence" in told) == (1, False)


def test_d47_what_is_damaged_on_disk_is_not_committed(tmp_path: Path, listening: Listening) -> None:
    with knowing(tmp_path, f"PYNETDICOM={peers.LOOPBACK}:{listening.port}") as daemon:
        stored = ct_small().sop_instance_uid
        ask(daemon.port, listening, stored, stays=False)
        assert listening.result()[0] == 1
        (file,) = (daemon.data_dir / "store/objects").rglob("*.dcm")
        contents = bytearray(file.read_bytes())
        contents[-9] ^= 1
        file.write_bytes(contents)
        ask_only(daemon.port, stored)
        event, told = listening.result()
        daemon.wait_for("a stored copy is not good any more: send the object again")
    assert event == 2
    assert [each.FailureReason for each in told.FailedSOPSequence] == [0x0110]
    assert "ReferencedSOPSequence" not in told


def ask_only(port: int, *instances: str) -> None:
    ae = AE(ae_title="PYNETDICOM")
    ae.add_requested_context(StorageCommitmentPushModel)
    association = ae.associate(peers.LOOPBACK, port, ae_title="PACSD")
    status, _ = association.send_n_action(
        information(generate_uid(), *instances),
        1,
        StorageCommitmentPushModel,
        StorageCommitmentPushModelInstance,
    )
    assert status.Status == 0
    association.release()


def test_d48_a_restart_between_the_request_and_its_result(tmp_path: Path) -> None:
    port, data_dir = peers.free_port(), tmp_path / "data"
    known = f"PYNETDICOM={peers.LOOPBACK}:{port}"
    with running("--http", "", "--peer", known, data_dir=data_dir) as daemon:
        ask_only(daemon.port, UNSEEN)
        daemon.wait_for("job failed and is tried again", kind="commit")
        daemon.signal(signal.SIGKILL)
    heard: queue.Queue[int] = queue.Queue()
    ae = AE(ae_title="PYNETDICOM")
    ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)

    def told(event: evt.Event) -> tuple[int, None]:
        heard.put(event.event_type)
        return 0, None

    handlers = [(evt.EVT_N_EVENT_REPORT, told)]
    server = ae.start_server((peers.LOOPBACK, port), block=False, evt_handlers=handlers)
    try:
        with knowing(tmp_path, known, data_dir=data_dir):
            assert heard.get(timeout=peers.PATIENCE_S) == 2
    finally:
        server.shutdown()


@pytest.mark.parametrize("same", [True, False], ids=["same association", "a new one"])
def test_we_ask_pynetdicom(tmp_path: Path, *, same: bool) -> None:
    kept = ct_small()
    study = str(dcmread(kept.path).StudyInstanceUID)
    where: list[int] = []
    wanted: queue.Queue[tuple[Any, Dataset]] = queue.Queue()

    def action(event: evt.Event) -> tuple[int, None]:
        wanted.put((event.assoc, event.action_information))
        return 0, None

    def report(said: tuple[Any, Dataset]) -> None:
        association, asked = said
        if same:
            told = association
        else:
            ours = AE(ae_title="PYNETDICOM")
            ours.add_requested_context(StorageCommitmentPushModel)
            role = build_role(StorageCommitmentPushModel, scp_role=True)
            told = ours.associate(peers.LOOPBACK, where[0], ae_title="PACSD", ext_neg=[role])
            assert told.is_established
        status, _ = told.send_n_event_report(
            asked, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
        )
        assert status.Status == 0
        if not same:
            told.release()

    ae = AE(ae_title="PYNETDICOM")
    ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
    server = ae.start_server(
        (peers.LOOPBACK, 0), block=False, evt_handlers=[(evt.EVT_N_ACTION, action)]
    )
    try:
        with knowing(tmp_path, f"PYNETDICOM={peers.LOOPBACK}:{server.server_address[1]}") as daemon:
            where.append(daemon.port)
            peers.run(*peers.PACSD, "send", f"PACSD={peers.LOOPBACK}:{daemon.port}", kept.path)
            command = [*peers.PACSD, "commit", "PYNETDICOM", study, "--data-dir", daemon.data_dir]
            with peers.started([str(part) for part in command], tmp_path) as process:
                report(wanted.get(timeout=peers.PATIENCE_S))
                assert process.wait(peers.PATIENCE_S) == 0
    finally:
        server.shutdown()
    said = (tmp_path / "peer.log").read_text(encoding="utf-8")
    assert said == "PYNETDICOM: 1 of 1 instances committed, 0 not, 0 unknown\n"


def test_orthanc_asks_and_is_asked(tmp_path: Path) -> None:
    port, sent = peers.free_port(), ct_small()
    study = str(dcmread(sent.path).StudyInstanceUID)
    folder = tmp_path / "orthanc"
    folder.mkdir()
    with peers.orthanc(folder, port) as orthanc:
        known = f"ORTHANC={peers.LOOPBACK}:{orthanc.dicom_port}"
        with knowing(tmp_path, known, data_dir=tmp_path / "data") as _:
            pass
        options = ("--http", "", "--peer", known, "--dimse", f"{peers.LOOPBACK}:{port}")
        with running(*options, data_dir=tmp_path / "data") as daemon:
            uploaded = str(orthanc.post("/instances", sent.path.read_bytes())["ID"])
            orthanc.post("/modalities/pacsd/store", uploaded.encode())
            asked = {
                "DicomInstances": [
                    [CTImageStorage, sent.sop_instance_uid],
                    [CTImageStorage, UNSEEN],
                ]
            }
            begun = orthanc.post("/modalities/pacsd/storage-commitment", json.dumps(asked).encode())
            daemon.wait_for("storage commitment reported", peer="ORTHANC")
            report = json.loads(orthanc.ask(str(begun["Path"])))
            assert report["Status"] == "Failure"
            assert [each["SOPInstanceUID"] for each in report["Success"]] == [sent.sop_instance_uid]
            assert [each["SOPInstanceUID"] for each in report["Failures"]] == [UNSEEN]

            command = (*peers.PACSD, "commit", "ORTHANC", study, "--data-dir", daemon.data_dir)
            assert "ORTHANC: 1 of 1 instances committed" in peers.run(*command)
            orthanc.delete(f"/instances/{uploaded}")
            code, said = peers.run_to_its_end(*command)
            assert code == 1
            assert f"{sent.sop_instance_uid}: not committed: 0112 " in said
            assert daemon.stop() == 0
            assert daemon.tracebacks() == []
