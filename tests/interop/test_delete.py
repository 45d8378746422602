"""Deletion by the commands of a real daemon, as a real peer sees it: DCMTK finds and gets."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from pydicom import dcmread

from pacsd.testing.daemon import Running, running
from tests.interop import peers
from tests.interop.known_studies import STUDIES, Study, store_all

SMITH, MULLER = STUDIES[0], STUDIES[3]
SERIES = f"{SMITH.uid}.1"
GONE = "deleted instances and their files were removed for good"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pacsd-") as temporary:
        yield Path(temporary) / "data"


@contextmanager
def serving(data_dir: Path, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    with running("--http", "", data_dir=data_dir, environment=environment) as daemon:
        yield daemon
        assert daemon.stop() == 0
        assert [line for line in daemon.lines if line.get("level") == "error"] == []


def pacsd(data_dir: Path, *arguments: str, code: int = 0) -> str:
    command = [sys.executable, "-m", "pacsd", *arguments, "--data-dir", str(data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def answers(port: int, folder: Path, level: str, *keys: str) -> list[str]:
    """The SOP Instance UIDs, or the unique keys of another level, that findscu is told."""
    folder.mkdir()
    unique = {"STUDY": "StudyInstanceUID", "IMAGE": "SOPInstanceUID"}[level]
    command = [peers.program("findscu"), "-S", "-X", "-od", folder, "-aec", "PACSD"]
    asked = [f"QueryRetrieveLevel={level}", unique, *keys]
    options = [word for key in asked for word in ("-k", key)]
    peers.run(*command, *options, "127.0.0.1", port)
    return sorted(str(dcmread(path, force=True)[unique].value) for path in folder.iterdir())


def images(port: int, folder: Path, series: str = SERIES) -> list[str]:
    keys = (f"StudyInstanceUID={SMITH.uid}", f"SeriesInstanceUID={series}")
    return answers(port, folder, "IMAGE", *keys)


def got(port: int, folder: Path, study: Study = SMITH) -> int:
    """How many objects of a study getscu gets."""
    folder.mkdir()
    command = [peers.program("getscu"), "-S", "-od", folder, "-aec", "PACSD"]
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study.uid}"]
    peers.run_to_its_end(*command, *keys, "127.0.0.1", port)
    return len([*folder.iterdir()])


@pytest.mark.timeout(180)
def test_deleted_and_restored(data_dir: Path, tmp_path: Path) -> None:
    with serving(data_dir) as daemon:
        store_all(daemon.port)
        of_smith = [str(each.SOPInstanceUID) for each in SMITH.objects()]
        assert images(daemon.port, tmp_path / "1") == of_smith[:3]

        instance = ("instance", of_smith[0], "--reason", "no image", "--yes")
        assert pacsd(data_dir, "delete", *instance).endswith("1 instances deleted\n")
        assert images(daemon.port, tmp_path / "2") == of_smith[1:3]
        assert got(daemon.port, tmp_path / "3") == 5

        series = ("series", SERIES, "--reason", "no images", "--yes", "--json")
        assert json.loads(pacsd(data_dir, "delete", *series))["instances"] == 2
        assert images(daemon.port, tmp_path / "4") == []
        assert got(daemon.port, tmp_path / "5") == 3

        study = ("study", SMITH.uid, "--reason", "not ours")
        assert "Say so with --yes" in pacsd(data_dir, "delete", *study, code=1)
        pacsd(data_dir, "delete", *study, "--yes")
        assert "is deleted already" in pacsd(data_dir, "delete", *study, "--yes", code=1)
        uid = f"StudyInstanceUID={SMITH.uid}"
        assert answers(daemon.port, tmp_path / "6", "STUDY", uid) == []
        assert got(daemon.port, tmp_path / "7") == 0
        assert got(daemon.port, tmp_path / "8", MULLER) == 1

        listed = json.loads(pacsd(data_dir, "deleted", "list", "--json"))
        assert [(each["level"], each["instances"], each["reason"]) for each in listed] == [
            ("instance", 1, "no image"), ("series", 2, "no images"), ("study", 3, "not ours"),
        ]  # fmt: skip
        assert "6 instances restored" in pacsd(data_dir, "restore-deleted", "study", SMITH.uid)
        assert got(daemon.port, tmp_path / "9") == 6
        assert pacsd(data_dir, "deleted", "list") == "nothing is deleted\n"


@pytest.mark.timeout(180)
def test_purged_and_sent_again(data_dir: Path, tmp_path: Path) -> None:
    objects = data_dir / "store" / "objects"
    with serving(data_dir) as daemon:
        store_all(daemon.port)
        pacsd(data_dir, "delete", "study", SMITH.uid, "--reason", "not ours", "--yes")
        stored = len([*objects.rglob("*.dcm")])
    with serving(data_dir, {"PACSD_DELETION__KEEP_DAYS": "0.0000000001"}) as daemon:
        assert daemon.wait_for(GONE)["instances"] == 6
        assert len([*objects.rglob("*.dcm")]) == stored - 6
        assert pacsd(data_dir, "deleted", "list") == "nothing is deleted\n"
        missing = ("restore-deleted", "study", SMITH.uid)
        assert "there is no study" in pacsd(data_dir, *missing, code=1)
        assert "all is well" in pacsd(data_dir, "fsck")
        store_all(daemon.port)
        assert got(daemon.port, tmp_path / "1") == 6
    pacsd(data_dir, "index", "rebuild")
    with serving(data_dir) as daemon:
        assert got(daemon.port, tmp_path / "2") == 6
        assert got(daemon.port, tmp_path / "3", MULLER) == 1


@pytest.mark.timeout(180)
def test_deleted_over_the_web(data_dir: Path, tmp_path: Path) -> None:
    with running(data_dir=data_dir) as daemon:
        store_all(daemon.port)
        web = f"http://127.0.0.1:{daemon.http_port}/dicomweb/studies/{SMITH.uid}"
        gone = requests.delete(f"{web}?reason=wrong%20patient", timeout=30)
        assert (gone.status_code, gone.json()) == (
            200,
            {"deleted_instances": len(list(SMITH.objects()))},
        )
        assert requests.get(f"{web}/metadata", timeout=30).status_code == 404
        assert images(daemon.port, tmp_path / "gone") == []
        (deletion,) = json.loads(pacsd(data_dir, "deleted", "list", "--json"))
        assert (deletion["reason"], deletion["actor"]) == ("wrong patient", "dicomweb 127.0.0.1")
        pacsd(data_dir, "restore-deleted", "study", SMITH.uid)
        assert requests.get(f"{web}/metadata", timeout=30).status_code == 200
        assert daemon.stop() == 0
