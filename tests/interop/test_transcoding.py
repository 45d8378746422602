"""Images in RLE, had decoded by peers that take no RLE: the codec of the examples, real peers.

What they get is compared with what pydicom decodes of what was stored. One image is broken.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless
from requests import HTTPError

from pacsd.testing.daemon import Running, running
from tests.interop import peers

pytestmark = [
    pytest.mark.interop,
    pytest.mark.filterwarnings("ignore::UserWarning"),  # devices write such objects
    pytest.mark.filterwarnings("ignore::DeprecationWarning:retrying"),
]

IMAGES = (
    *("SC_rgb_rle.dcm", "SC_rgb_rle_16bit.dcm", "SC_rgb_rle_2frame.dcm", "MR_small_RLE.dcm"),
    *("OBXXXX1A_rle.dcm", "rtdose_rle.dcm"),
)
STUDY, BROKEN = "2.25.88", "2.25.88.99"
CONFIGURATION = """
[store]
unsafe_tmpfs = true

[plugins.rle]
trusted = true
"""
DESTINATION = """
[[peer]]
ae_title = "DCMTK"
host = "127.0.0.1"
port = {port}
move_destination = true
"""


class Filled:
    """The daemon, where its destination is to listen, and what is stored, by SOP Instance UID."""

    def __init__(self, daemon: Running, port: int, stored: Mapping[str, Dataset]) -> None:
        self.daemon = daemon
        self.destination_port = port
        self.stored = stored

    @property
    def sound(self) -> set[str]:
        return {*self.stored} - {BROKEN}

    def ask(self, program: str, *options: object) -> str:
        command = [peers.program(program), "-v", "-S", "-aec", "PACSD", *options]
        keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={STUDY}"]
        _, said = peers.run_to_its_end(*command, *keys, peers.LOOPBACK, self.daemon.port)
        return said


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    folder, port = tmp_path_factory.mktemp("codec"), peers.free_port()
    (folder / "pacsd.toml").write_text(CONFIGURATION, encoding="utf-8")
    (folder / "peers.toml").write_text(DESTINATION.format(port=port), encoding="utf-8")
    stored = images(folder)
    config = ["--config", str(folder / "pacsd.toml")]
    with running(*config, environment=installed(folder)) as daemon:
        import_all(daemon, folder)
        yield Filled(daemon, port, stored)
        assert daemon.stop() == 0
        # pydicom logs what it raises.
        told = [
            line for line in daemon.tracebacks() if line["logger"] != "pydicom.pixels.decoders.base"
        ]
        assert told == []


def installed(folder: Path) -> dict[str, str]:
    """A search path on which the example is installed."""
    package = folder / "pacsd_rle-1.0.dist-info"
    package.mkdir()
    head = "Metadata-Version: 2.1\nName: pacsd-rle\nVersion: 1.0\n"
    (package / "METADATA").write_text(head, encoding="utf-8")
    entry = "[pacsd.plugins]\nrle = pacsd_rle:Rle\n"
    (package / "entry_points.txt").write_text(entry, encoding="utf-8")
    example = peers.ROOT / "contrib/examples/rle"
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(example), *sys.path])}


def images(folder: Path) -> dict[str, Dataset]:
    """Those of pydicom as one study, and one whose pixels end too early."""
    stored: dict[str, Dataset] = {}
    for number, name in enumerate((*IMAGES, IMAGES[0])):
        ds = dcmread(str(get_testdata_file(name)))
        ds.StudyInstanceUID, ds.SeriesInstanceUID = STUDY, f"{STUDY}.{number}.1"
        ds.SOPInstanceUID = f"{STUDY}.{number}" if number < len(IMAGES) else BROKEN
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.PatientID = "CODEC"
        if ds.SOPInstanceUID == BROKEN:
            ds.Rows = 999
        assert ds.file_meta.TransferSyntaxUID == RLELossless
        ds.save_as(folder / f"{number}.dcm")
        stored[str(ds.SOPInstanceUID)] = ds
    return stored


def import_all(daemon: Running, folder: Path) -> None:
    command = [*peers.PACSD, "import", "--data-dir", str(daemon.data_dir)]
    peers.run(*command, *sorted(folder.glob("*.dcm")))


def received(folder: Path) -> dict[str, Dataset]:
    found = [dcmread(path) for path in folder.iterdir() if path.is_file()]
    return {str(each.SOPInstanceUID): each for each in found}


def check(filled: Filled, came: Mapping[str, Dataset], syntax: str) -> None:
    """All but the broken one, decoded, and no pixel has changed."""
    assert {*came} == filled.sound
    for uid, each in came.items():
        stored = filled.stored[uid]
        assert each.file_meta.TransferSyntaxUID == syntax
        assert np.array_equal(each.pixel_array, stored.pixel_array)
        assert each.PhotometricInterpretation == stored.PhotometricInterpretation
        assert each.PatientID == stored.PatientID


def refusals(filled: Filled) -> list[object]:
    """What the log says of the broken one; the next line of it is waited for."""
    line = filled.daemon.wait_for("an object was not transcoded")
    return [line["sop_instance_uid"], line["plugin"], line["why"]]


@pytest.mark.parametrize(
    ("option", "syntax"), [("+xe", ExplicitVRLittleEndian), ("+xi", ImplicitVRLittleEndian)]
)
def test_movescu(filled: Filled, tmp_path: Path, option: str, syntax: str) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    options = (option, "-od", str(inbox))
    with peers.storescp(tmp_path, *options, port=filled.destination_port):
        said = filled.ask("movescu", "-aem", "DCMTK")
    check(filled, received(inbox), syntax)
    assert "Warning: SubOperationsCompleteOneOrMoreFailures" in said
    assert refusals(filled) == [BROKEN, "rle", "its pixels cannot be decoded"]


def test_storescp_that_takes_rle_gets_it(filled: Filled, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    options = ("+xr", "-od", str(inbox))
    with peers.storescp(tmp_path, *options, port=filled.destination_port):
        filled.ask("movescu", "-aem", "DCMTK")
    came = received(inbox)
    assert {*came} == {*filled.stored}
    assert {each.file_meta.TransferSyntaxUID for each in came.values()} == {RLELossless}


def test_getscu(filled: Filled, tmp_path: Path) -> None:
    filled.ask("getscu", "+xe", "-od", str(tmp_path))
    check(filled, received(tmp_path), ExplicitVRLittleEndian)
    assert refusals(filled)[0] == BROKEN


def test_dicomweb_client(filled: Filled) -> None:
    client = DICOMwebClient(f"{filled.daemon.http_url}/dicomweb")
    decoded = (("application/dicom", ExplicitVRLittleEndian),)
    came: dict[str, Dataset] = {}
    for uid in sorted(filled.sound):
        series = str(filled.stored[uid].SeriesInstanceUID)
        came[uid] = client.retrieve_instance(STUDY, series, uid, media_types=decoded)
        stored = client.retrieve_instance(
            STUDY, series, uid, media_types=(("application/dicom", "*"),)
        )
        assert stored.file_meta.TransferSyntaxUID == RLELossless
    check(filled, came, ExplicitVRLittleEndian)
    series = str(filled.stored[BROKEN].SeriesInstanceUID)
    with pytest.raises(HTTPError, match="406"):
        client.retrieve_instance(STUDY, series, BROKEN, media_types=decoded)
    two = filled.stored["2.25.88.2"]
    samples = (("application/octet-stream", ExplicitVRLittleEndian),)
    frames = client.retrieve_instance_frames(
        STUDY, str(two.SeriesInstanceUID), "2.25.88.2", [2, 1], media_types=samples
    )
    assert frames == [two.pixel_array[1].tobytes(), two.pixel_array[0].tobytes()]
    series = str(filled.stored["2.25.88.0"].SeriesInstanceUID)
    [whole] = client.retrieve_series(STUDY, series, media_types=decoded)
    assert np.array_equal(whole.pixel_array, filled.stored["2.25.88.0"].pixel_array)
