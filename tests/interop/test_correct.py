"""Corrections, as real peers see them: DCMTK finds and gets, pydicom reads."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from pacsd.app.admin.unix_socket import SOCKET_NAME, ask
from tests.interop import peers
from tests.interop.known_studies import STUDIES, Study, store_all
from tests.running import Running, running

MULLER = STUDIES[3]


@pytest.fixture(scope="module")
def filled() -> Iterator[Running]:
    with running("--http", "") as daemon:
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
