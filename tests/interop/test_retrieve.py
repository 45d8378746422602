"""Everything storable, retrieved by real peers: byte for byte as it was stored."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pynetdicom import AE
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from pacsd.app.file_receiving import Received
from pacsd.app.retrieving import Call, get_into
from pacsd.app.wanted import read_wanted
from pacsd.dicom.inflate import inflate
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from pacsd.net.endpoint import Endpoint
from pacsd.net.scu import Destination, Timeouts
from pacsd.testing.daemon import Running, running
from tests.dicom.as_pydicom_reads import lines
from tests.dicom.by_pydicom import keys
from tests.dicom.written import known
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

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
SYNTAX_OPTIONS = {
    "1.2.840.10008.1.2.1": "+xe",
    "1.2.840.10008.1.2.2": "+xb",
    "1.2.840.10008.1.2.1.99": "+xd",
    "1.2.840.10008.1.2.4.50": "+xy",
    "1.2.840.10008.1.2.4.51": "+xx",
    "1.2.840.10008.1.2.4.70": "+xs",
    "1.2.840.10008.1.2.4.80": "+xt",
    "1.2.840.10008.1.2.4.81": "+xu",
    "1.2.840.10008.1.2.4.90": "+xv",
    "1.2.840.10008.1.2.4.91": "+xw",
    "1.2.840.10008.1.2.5": "+xr",
}
"""What getscu is told to propose; it knows no others of those that our objects have."""
NOT_ASKED_BY_GETSCU = {
    "1.2.840.10008.5.1.4.1.1.30",  # Parametric Map
    "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation
}
UNKNOWN_TO_DCMTK = {
    "1.2.840.10008.1.2.4.201",  # High-Throughput JPEG 2000, lossless
    "1.2.840.10008.1.2.4.203",
    "1.2.840.10008.1.2.8.1",  # Deflated Image Frame Compression
}

CONFIGURATION = """
[dimse]
listen = ["127.0.0.1:0"]
[http]
listen = ""
"""
DESTINATION = """
[[peer]]
ae_title = "DCMTK"
host = "127.0.0.1"
port = {port}
move_destination = true
connections = 2
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """An archive, what it shows by SOP Instance UID, and where its destination is to listen."""

    daemon: Running
    objects: Mapping[str, Part10]
    studies: Mapping[str, str]
    destination_port: int

    def studies_of(self, transfer_syntax_uid: str) -> str:
        """The studies with such objects, as one key."""
        wanted = {
            self.studies[uid]
            for uid, each in self.objects.items()
            if each.transfer_syntax_uid == transfer_syntax_uid
        }
        return "\\".join(sorted(wanted))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    folder, port = tmp_path_factory.mktemp("retrieved"), peers.free_port()
    configuration = folder / "pacsd.toml"
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    (folder / "peers.toml").write_text(DESTINATION.format(port=port), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # devices write such objects
        files = together(storable_files(), at_home(storable_files(), folder))
        paths = [each.path for found in files.values() for each in found]
        paths += copies_of_pydicom(folder)
    with running("--config", str(configuration)) as daemon:
        import_all(daemon, paths)
        studies = shown(daemon.port)
        objects: dict[str, Part10] = {}
        for each in Store(daemon).all():
            if each.sop_instance_uid in studies:
                # Another version under a UID that was known lies in quarantine.
                objects.setdefault(each.sop_instance_uid, each)
        yield Filled(daemon, objects, studies, port)
        assert daemon.stop() == 0
        assert [line for line in daemon.lines if line.get("level") == "error"] == []


def copies_of_pydicom(folder: Path) -> list[Path]:
    """Its files under UIDs of their own: some are one object in several syntaxes."""
    copies: list[Path] = []
    for number, name in enumerate(OF_PYDICOM):
        ds = dcmread(str(get_testdata_file(name)))
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"2.25.77.{number}"
        copies.append(folder / f"{number}.dcm")
        ds.save_as(copies[-1])
    return copies


def import_all(daemon: Running, paths: list[Path]) -> None:
    command = [*peers.PACSD, "import", "--data-dir", str(daemon.data_dir), *map(str, paths)]
    peers.run_to_its_end(*command)


def shown(port: int) -> dict[str, str]:
    """The study of each instance that is shown."""
    ae = AE("FINDER")
    ae.add_requested_context(FIND)
    relational = SOPClassExtendedNegotiation()
    relational.sop_class_uid, relational.service_class_application_information = FIND, b"\1"
    association: Any = ae.associate("127.0.0.1", port, ae_title="PACSD", ext_neg=[relational])
    asked = keys(QueryRetrieveLevel="IMAGE", SOPInstanceUID="", StudyInstanceUID="")
    found = {
        str(identifier.SOPInstanceUID): str(identifier.StudyInstanceUID)
        for _, identifier in association.send_c_find(asked, FIND)
        if identifier is not None
    }
    association.release()
    return found


def received(folder: Path) -> dict[str, Part10]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {(each := Part10.read(path)).sop_instance_uid: each for path in paths}


def differences(came: Mapping[str, Part10], stored: Mapping[str, Part10]) -> list[str]:
    """What is missing, or not as it was stored."""
    return sorted(
        str(each.path)
        for uid, each in stored.items()
        if uid not in came or not is_same(came[uid], each)
    )


def is_same(came: Part10, stored: Part10) -> bool:
    """Byte for byte; but no data set of odd length may be sent (PS3.5 section 7.1.1)."""
    if len(stored.data_set) % 2 == 0:
        return came.data_set == stored.data_set
    return came.transfer_syntax_uid == stored.transfer_syntax_uid and has_same_values(came, stored)


def has_same_values(came: Part10, stored: Part10) -> bool:
    """As pydicom reads them; of Pixel Data the VR may be another one (PS3.5 section A.2)."""
    return values(came) == values(stored)


def values(part10: Part10) -> list[tuple[object, object]]:
    syntax = known(part10.transfer_syntax_uid)
    data = inflate(part10.data_set)[0] if syntax.is_deflated else part10.data_set
    return [(path, value) for path, _, value in lines(data, syntax)]


def test_there_is_much_to_retrieve(filled: Filled) -> None:
    assert len(filled.objects) >= (150 if COLLECTION.is_dir() else len(OF_PYDICOM))
    if COLLECTION.is_dir():
        syntaxes = {each.transfer_syntax_uid for each in filled.objects.values()}
        assert syntaxes <= {IMPLICIT_VR_LITTLE_ENDIAN, *SYNTAX_OPTIONS, *UNKNOWN_TO_DCMTK}
        assert len(syntaxes) >= 12


@pytest.mark.timeout(300)
def test_movescu(filled: Filled, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    options = ("+xa", "+B", "-od", str(inbox))
    with peers.storescp(tmp_path, *options, port=filled.destination_port):
        wanted = "\\".join(sorted(set(filled.studies.values())))
        command = [peers.program("movescu"), "-v", "-S", "-aec", "PACSD", "-aem", "DCMTK"]
        ask = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={wanted}"]
        peers.run_to_its_end(*command, *ask, peers.LOOPBACK, filled.daemon.port)
    readable = {
        uid: each
        for uid, each in filled.objects.items()
        if each.transfer_syntax_uid not in UNKNOWN_TO_DCMTK
    }
    came = received(inbox)
    assert differences(came, readable) == []
    assert set(came) == set(readable)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("syntax", SYNTAX_OPTIONS)
def test_getscu(filled: Filled, tmp_path: Path, syntax: str) -> None:
    studies = filled.studies_of(syntax)
    if not studies:
        pytest.skip(f"no object in {syntax}: the collection is not here")
    command = [peers.program("getscu"), "-S", "+B", "-od", str(tmp_path), "-aec", "PACSD"]
    ask = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={studies}"]
    option = SYNTAX_OPTIONS[syntax]
    peers.run_to_its_end(*command, option, *ask, peers.LOOPBACK, filled.daemon.port)
    of_syntax = {
        uid: each
        for uid, each in filled.objects.items()
        if each.transfer_syntax_uid == syntax and each.sop_class_uid not in NOT_ASKED_BY_GETSCU
    }
    assert differences(received(tmp_path), of_syntax) == []


def test_getscu_never_asks_for_implicit_vr(filled: Filled, tmp_path: Path) -> None:
    studies = filled.studies_of(IMPLICIT_VR_LITTLE_ENDIAN)
    command = [peers.program("getscu"), "-S", "+xi", "+B", "-od", str(tmp_path), "-aec", "PACSD"]
    ask = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={studies}"]
    peers.run_to_its_end(*command, *ask, peers.LOOPBACK, filled.daemon.port)
    came = received(tmp_path)
    for uid, each in filled.objects.items():
        if each.transfer_syntax_uid == IMPLICIT_VR_LITTLE_ENDIAN:
            assert came[uid].transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN
            assert has_same_values(came[uid], each), each.path


async def test_pacsd_get(filled: Filled, tmp_path: Path) -> None:
    """Study by study: 128 contexts are not enough for every class in every syntax."""
    destination = Destination(Endpoint(peers.LOOPBACK, filled.daemon.port), "PACSD", "GETTER")
    failures: list[tuple[str, str]] = []

    def failed(uid: str, why: str) -> None:
        failures.append((uid, why))

    for study in sorted(set(filled.studies.values())):
        wanted = read_wanted([f"StudyInstanceUID={study}"])
        call = Call(destination, Timeouts())
        ended = await get_into(tmp_path, call, wanted, lambda _: None, failed, Received())
        assert ended.is_success, ended
    came = received(tmp_path)
    assert failures == []
    assert differences(came, filled.objects) == []
    assert set(came) == set(filled.objects)
