"""Corrections, as real peers see them: DCMTK finds and gets, a browser asks, pydicom reads."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataelem import RawDataElement
from requests import Response, Session

from pacsd.app.admin.unix_socket import SOCKET_NAME, ask
from pacsd.testing.daemon import Running, running
from tests.dicom.written import UNDEFINED
from tests.interop import peers
from tests.interop.known_studies import STUDIES, Study, store_all

MULLER = STUDIES[3]


@pytest.fixture(scope="module")
def filled() -> Iterator[Running]:
    with running() as daemon:
        store_all(daemon.port)
        yield daemon
        assert daemon.stop() == 0
        assert [line for line in daemon.lines if line.get("level") == "error"] == []


def correct(daemon: Running, study_uid: str, **values: str) -> object:
    return ask(
        daemon.data_dir / SOCKET_NAME,
        "correct.apply",
        level="study",
        uid=study_uid,
        values=values,
        reason="a typing error",
    )


def test_findscu_finds_what_was_corrected(filled: Running, tmp_path: Path) -> None:
    assert correct(filled, MULLER.uid, PatientName="Möller^Jürgen", StudyDate="20250101")
    command = [
        peers.program("findscu"), "-S", "-X", "-od", tmp_path, "-aec", "PACSD",
        "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientName=moller*", "-k", "StudyDate=2025-",
        "-k", "StudyDate=20250101", "-k", "StudyInstanceUID",
    ]  # fmt: skip
    peers.run(*command, "127.0.0.1", filled.port)
    [answer] = [dcmread(path, force=True) for path in tmp_path.iterdir()]
    assert answer.StudyInstanceUID == MULLER.uid
    assert (answer.PatientName, answer.StudyDate) == ("Möller^Jürgen", "20250101")


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: str(study.number))
def test_getscu_gets_objects_that_say_so(filled: Running, tmp_path: Path, study: Study) -> None:
    stored = {str(each.SOPInstanceUID): each for each in study.objects()}
    for name in ("Roe^Jane", "Möller^Jürgen", "Ελένη", "山田^太郎"):
        correct(filled, study.uid, PatientName=name)
        folder = tmp_path / name
        folder.mkdir()
        command = [peers.program("getscu"), "-S", "-od", folder, "-aec", "PACSD"]
        keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study.uid}"]
        peers.run(*command, *keys, "127.0.0.1", filled.port)
        got = [dcmread(path) for path in folder.iterdir()]
        assert {str(each.SOPInstanceUID) for each in got} == stored.keys()
        for each in got:
            old = stored[str(each.SOPInstanceUID)]
            [modified] = each.OriginalAttributesSequence[-1].ModifiedAttributesSequence
            assert each.PatientName == name
            assert modified.PatientName == old.PatientName
            assert each.StudyInstanceUID == old.StudyInstanceUID
            assert each.get("SeriesDescription") == old.get("SeriesDescription")


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: str(study.number))
def test_bulk_data_is_what_the_instance_has_that_leaves(filled: Running, study: Study) -> None:
    """Of each element, corrected or not, and of what is told of the old values."""
    root, compared = f"http://127.0.0.1:{filled.http_port}/dicomweb", 0
    for name in ("Roe^Jane", "Łucja"):
        correct(filled, study.uid, PatientName=name, StudyDescription="")
        with Session() as http:
            for each in study.objects():
                series = f"{root}/studies/{study.uid}/series/{each.SeriesInstanceUID}"
                url = f"{series}/instances/{each.SOPInstanceUID}"
                left = dcmread(BytesIO(ask_for(http, url, "application/dicom").content))
                values = dict(plain_values(left))
                assert left.PatientName == name
                assert [each for each in values if each.endswith("04000550/1/00100010")]
                assert "00100010" in values
                for path, value in values.items():
                    answer = ask_for(http, f"{url}/bulkdata/{path}", "application/octet-stream")
                    expected = (200, value) if value else (404, answer.content)
                    assert (answer.status_code, answer.content) == expected, path
                    compared += 1
    assert compared > 20


def ask_for(http: Session, url: str, accept: str) -> Response:
    return http.get(url, headers={"Accept": accept}, timeout=60)


def plain_values(ds: Dataset, path: str = "") -> Iterator[tuple[str, bytes]]:
    """The bytes of all values that are in no fragments, and where they are."""
    for tag in map(int, ds.keys()):
        raw = ds.get_item(tag)
        if ds[tag].VR == "SQ":
            for number, item in enumerate(ds[tag].value, 1):
                yield from plain_values(item, f"{path}{tag:08X}/{number}/")
        elif isinstance(raw, RawDataElement) and raw.length != UNDEFINED:
            yield f"{path}{tag:08X}", raw.value or b""
