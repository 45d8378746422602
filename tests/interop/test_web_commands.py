"""`pacsd send`, `find` and `get` over HTTP: what was sent is had back byte for byte."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from pydicom import dcmread

from pacsd.testing.daemon import running
from tests.interop import peers
from tests.interop.objects import Part10, at_home, ct_small, storable_files, together
from tests.interop.test_send import data_sets, uid_of

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # devices write such objects
]


def pacsd(*arguments: object, code: int = 0) -> str:
    """What the command says, to its end."""
    done, said = peers.run_to_its_end(*peers.PACSD, *arguments)
    assert done == code, said
    return said


@pytest.fixture(scope="module")
def root() -> Iterator[str]:
    """Our own service, at the end of a daemon that many others store in, too."""
    with running() as daemon:
        yield f"http://{peers.LOOPBACK}:{daemon.http_port}/dicomweb"
        assert daemon.stop() == 0
        assert [line for line in daemon.lines if line.get("level") == "error"] == []


@pytest.fixture(params=["pacsd", "orthanc"])
def service(request: pytest.FixtureRequest, root: str, tmp_path: Path) -> Iterator[str]:
    """The root of a DICOMweb service of either."""
    if request.param == "pacsd":
        yield root
        return
    with peers.orthanc(tmp_path, peers.free_port(), web_root=root) as orthanc:
        yield f"http://{peers.LOOPBACK}:{orthanc.http_port}/dicom-web"


def got(folder: Path) -> Mapping[str, Part10]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {each.sop_instance_uid: each for each in map(Part10.read, paths)}


def uids(found: str) -> Sequence[str]:
    return [json.loads(line)["0020000D"]["Value"][0] for line in found.splitlines()]


def test_what_was_sent_is_found_and_got(service: str, tmp_path: Path) -> None:
    sent, folder = ct_small(), tmp_path / "got"
    said = json.loads(pacsd("send", service, sent.path, "--json"))
    assert (said["sent"], said["failed"]) == (1, 0)
    (study,) = uids(pacsd("find", service, "PatientName=compressed*", "PatientID=1CT1", "--json"))
    assert "1 got, 0 failed" in pacsd("get", service, "--to", folder, f"StudyInstanceUID={study}")
    path = folder / study / f"{sent.sop_instance_uid}.dcm"
    assert Part10.read(path).data_set == sent.data_set
    found = pacsd("find", service, "--level", "series", f"StudyInstanceUID={study}", "--json")
    series = json.loads(found)["0020000E"]["Value"][0]
    for keys in (
        [f"SeriesInstanceUID={series}"],
        [f"StudyInstanceUID={study}", f"SeriesInstanceUID={series}"],
        [f"SOPInstanceUID={sent.sop_instance_uid}"],
        [f"PatientID={dcmread(sent.path).PatientID}"],
    ):
        said = json.loads(pacsd("get", service, "--to", folder, *keys, "--json"))
        assert (said["files"], said["already_there"], said["gave_up"]) == (0, 1, None), keys


def test_the_table_of_images(service: str) -> None:
    pacsd("send", service, ct_small().path)
    uid = ct_small().sop_instance_uid
    said = pacsd("find", service, "--level", "image", f"SOPInstanceUID={uid}", "SOPClassUID")
    assert uid in said
    assert "1.2.840.10008.5.1.4.1.1.2" in said
    assert "1 match" in said


def test_every_object_byte_for_byte(root: str, tmp_path: Path) -> None:
    collection = together(storable_files(), at_home(storable_files(), tmp_path))
    found = [each for objects in collection.values() for each in objects]
    once = list({uid_of(each): each for each in found}.values())
    paths = [each.path for each in once]
    done, said = peers.run_to_its_end(
        *peers.PACSD, "send", root, "--json", "--associations", 2, *paths
    )
    assert done in {0, 1}, said
    refused = {each["path"]: each["status"] for each in json.loads(said)["failures"]}
    # Without Study Instance UID, with two SOP Instance UIDs, cut short.
    assert set(refused.values()) <= {"C000", "A900"}, refused
    assert len(refused) < len(once) / 10
    studies = uids(pacsd("find", root, "--json"))
    folder = tmp_path / "got"
    keys = [f"StudyInstanceUID={each}" for each in studies]
    said = json.loads(pacsd("get", root, "--to", folder, "--json", *keys))
    kept = data_sets([each for each in once if str(each.path) not in refused])
    have = data_sets(list(got(folder).values()))
    assert said["files"] == len(have)
    assert kept.items() <= have.items()


def test_a_service_that_is_none(tmp_path: Path) -> None:
    with peers.orthanc(tmp_path, peers.free_port()) as orthanc:
        wrong = f"http://{peers.LOOPBACK}:{orthanc.http_port}/dicom-web"
        assert "is this the root of a DICOMweb service?" in pacsd("find", wrong, code=1)
        assert "not tried" in pacsd("send", wrong, ct_small().path, code=1)
        keys = "StudyInstanceUID=1.2.3", "--to", tmp_path / "got"
        assert "nothing of this is there" in pacsd("get", wrong, *keys, code=1)
