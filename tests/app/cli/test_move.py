"""`pacsd move` at pynetdicom as an independent SCP."""

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner, Result

from pacsd.app.cli.main import build
from pacsd.net.query_retrieve_scu import QueryModel
from tests.app.archive_peer import Archive, instance, serving
from tests.app.interrupted import interrupted

RUNNER = CliRunner(env={"PACSD_CONFIG": None})


@pytest.fixture
def archive() -> Iterator[Archive]:
    with serving(Archive([instance(1), instance(2), instance(3, study="1.2.2")])) as served:
        yield served


def move(archive: Archive, *arguments: str) -> Result:
    return RUNNER.invoke(build(), ["move", archive.address, *arguments])


def test_a_study(archive: Archive) -> None:
    done = move(archive, "ARCHIVE", "StudyInstanceUID=1.2.1")
    assert done.exit_code == 0, done.output
    assert archive.stored == ["1.2.1.1.1", "1.2.1.1.2"]
    assert "2 moved to ARCHIVE, 0 failed, " in done.stdout
    assert done.stderr == ""
    assert archive.asked[0].QueryRetrieveLevel == "STUDY"


def test_several_series_without_their_study(archive: Archive) -> None:
    keys = ["SeriesInstanceUID=1.2.1.1", "SeriesInstanceUID=1.2.2.1"]
    done = move(archive, "ARCHIVE", *keys, "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["status"], said["completed"], said["failed"]) == ("0000", 3, 0)
    assert {QueryModel.STUDY_ROOT.move: b"\1"} in archive.extended


def test_instances_alone(archive: Archive) -> None:
    done = move(archive, "ARCHIVE", "SOPInstanceUID=1.2.1.1.2", "--composite")
    assert done.exit_code == 0, done.output
    assert archive.stored == ["1.2.1.1.2"]


def test_what_failed_is_listed(archive: Archive) -> None:
    archive.objects.append(instance(4, sop_class_uid="1.2.840.10008.5.1.4.1.1.1"))
    done = move(archive, "ARCHIVE", "StudyInstanceUID=1.2.1")
    assert done.exit_code == 1
    assert "2 moved to ARCHIVE, 1 failed" in done.stdout
    assert "1.2.1.1.4: failed" in done.stderr
    assert "C-MOVE: B000" in done.stderr


def test_a_destination_that_nobody_knows(archive: Archive) -> None:
    done = move(archive, "NOBODY", "StudyInstanceUID=1.2.1")
    assert done.exit_code == 1
    assert "C-MOVE: A801 Move destination unknown" in done.stderr


def test_nothing_of_it_there(archive: Archive) -> None:
    done = move(archive, "ARCHIVE", "StudyInstanceUID=9.9")
    assert done.exit_code == 1
    assert "nothing of this is there" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["ARCHIVE", "PatientName=A"], "not a unique key"),
        (["ARCHIVE", "StudyInstanceUID=1.*"], "names no single one"),
        (["MUCH TOO LONG FOR IT", "StudyInstanceUID=1.2"], "AE title"),
        (["ARCHIVE"], "Missing argument"),
    ],
)
def test_wrong_arguments(archive: Archive, arguments: list[str], why: str) -> None:
    done = move(archive, *arguments)
    assert done.exit_code == 2
    assert why in done.stderr
    assert archive.callers == []


def test_nobody_there() -> None:
    done = RUNNER.invoke(build(), ["move", "X=127.0.0.1:1", "Y", "StudyInstanceUID=1.2"])
    assert done.exit_code == 1
    assert "127.0.0.1:1: Connect" in done.stderr


def test_an_interrupt_has_the_peer_stop(archive: Archive) -> None:
    archive.keeps_sending = True
    arguments = ["move", archive.address, "ARCHIVE", "StudyInstanceUID=1.2.1"]
    code, out, err = interrupted(arguments, lambda: bool(archive.stored))
    assert code == 130, err
    assert archive.cancelled == 1
    assert "moved to ARCHIVE" in out
    assert "interrupted, the peer was told to stop" in err
