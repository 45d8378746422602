"""A route that tells pynetdicom what is here, once a study is quiet."""

import queue
import tempfile
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import InstanceAvailabilityNotification

from pacsd.testing.daemon import running
from tests.interop import peers
from tests.interop.objects import ct_small

pytestmark = pytest.mark.timeout(180)


def test_it_is_told_when_a_study_is_quiet() -> None:
    created: queue.Queue[tuple[str, Dataset]] = queue.Queue()

    def create(event: evt.Event) -> tuple[int, None]:
        created.put((event.request.AffectedSOPInstanceUID, event.attribute_list))
        return 0, None

    ae = AE(ae_title="RIS")
    ae.add_supported_context(InstanceAvailabilityNotification)
    server = ae.start_server(
        (peers.LOOPBACK, 0), block=False, evt_handlers=[(evt.EVT_N_CREATE, create)]
    )
    sent, (ds, told) = ct_small(), (dcmread(ct_small().path), Dataset())
    try:
        with tempfile.TemporaryDirectory(prefix="pacsd-") as folder:
            configuration = _configured(Path(folder))
            known = f"RIS={peers.LOOPBACK}:{server.server_address[1]}"
            options = ("--config", str(configuration), "--http", "", "--peer", known)
            with running(*options, data_dir=Path(folder) / "data") as daemon:
                peers.run(*peers.PACSD, "send", f"PACSD={daemon.dicom_url}", sent.path)
                uid, told = created.get(timeout=peers.PATIENCE_S)
                assert daemon.stop() == 0
                assert daemon.tracebacks() == []
    finally:
        server.shutdown()
    assert uid.startswith("2.25.")
    assert told.StudyInstanceUID == ds.StudyInstanceUID
    assert len(told.ReferencedPerformedProcedureStepSequence) == 0
    (series,) = told.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == ds.SeriesInstanceUID
    (instance,) = series.ReferencedSOPSequence
    assert instance.ReferencedSOPClassUID == sent.sop_class_uid
    assert instance.ReferencedSOPInstanceUID == sent.sop_instance_uid
    assert (instance.InstanceAvailability, instance.RetrieveAETitle) == ("ONLINE", "PACSD")


def _configured(folder: Path) -> Path:
    rules = folder / "routes.toml"
    rules.write_text('[[rule]]\nname = "tell"\nof = "study"\nto = "notify:RIS"\n')
    configuration = folder / "pacsd.toml"
    events = "[events]\nstudy_quiet_s = 0.5\nseries_quiet_s = 0.1\n"
    configuration.write_text(f'{events}[plugins.route_rules]\nfile = "{rules}"\n')
    return configuration
