"""`pacsd get` from pynetdicom as an independent SCP."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread
from typer.testing import CliRunner, Result

from pacsd.app.cli.main import build
from tests.app.archive_peer import Archive, instance, serving
from tests.app.interrupted import interrupted
from tests.app.test_web_retrieving import file, files
from tests.app.web_service import web_service
from tests.net.web_client.answering import answer, then_silent

RUNNER = CliRunner(env={"PACSD_CONFIG": None})


@pytest.fixture
def archive() -> Iterator[Archive]:
    with serving(Archive([instance(1), instance(2), instance(3, study="1.2.2")])) as served:
        yield served


def get(archive: Archive, folder: Path, *arguments: str) -> Result:
    return RUNNER.invoke(build(), ["get", archive.address, "--to", str(folder), *arguments])


def test_a_study(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    done = get(archive, folder, "StudyInstanceUID=1.2.1")
    assert done.exit_code == 0, done.output
    assert "2 got, 0 failed, 0.0 MB, " in done.stdout
    assert sorted(folder.rglob("*")) == [
        folder / "1.2.1",
        folder / "1.2.1" / "1.2.1.1.1.dcm",
        folder / "1.2.1" / "1.2.1.1.2.dcm",
    ]
    read = dcmread(folder / "1.2.1" / "1.2.1.1.1.dcm")
    assert read == archive.objects[0]
    assert read.file_meta.SourceApplicationEntityTitle == "ARCHIVE"
    made = [folder.parent, folder, *folder.rglob("*")]
    assert [each.stat().st_mode & 0o777 for each in made] == [0o700] * 3 + [0o600] * 2


def test_instances_alone(archive: Archive, tmp_path: Path) -> None:
    """No C-FIND comes before: the model has none."""
    uids = r"SOPInstanceUID=1.2.1.1.1\1.2.2.1.3"
    done = get(archive, tmp_path, uids, "--composite")
    assert done.exit_code == 0, done.output
    assert "2 got, 0 failed" in done.stdout
    [asked] = archive.asked
    assert asked.QueryRetrieveLevel == "IMAGE"
    assert "StudyInstanceUID" not in asked


def test_once_more(archive: Archive, tmp_path: Path) -> None:
    get(archive, tmp_path, "StudyInstanceUID=1.2.1")
    done = get(archive, tmp_path, "PatientID=P1", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["completed"], said["files"], said["already_there"]) == (3, 1, 2)


def test_another_file_is_never_replaced(archive: Archive, tmp_path: Path) -> None:
    mine = tmp_path / "1.2.1" / "1.2.1.1.1.dcm"
    mine.parent.mkdir()
    mine.write_text("mine")
    done = get(archive, tmp_path, "StudyInstanceUID=1.2.1")
    assert done.exit_code == 1
    assert mine.read_text() == "mine"
    assert "1 got, 1 failed" in done.stdout
    assert "1.2.1.1.1: 1.2.1.1.1.dcm is there with other content" in done.stderr
    assert done.stderr.count("1.2.1.1.1: ") == 1
    assert not [*tmp_path.glob(".*")]


def test_a_peer_that_cannot_search(tmp_path: Path) -> None:
    with serving(Archive([instance(1)]), find=False) as archive:
        done = get(archive, tmp_path, "StudyInstanceUID=1.2.1")
    assert done.exit_code == 0, done.output
    assert "1 got" in done.stdout


def test_a_peer_that_does_not_know_it(tmp_path: Path) -> None:
    with serving(Archive([instance(1)]), get=False) as archive:
        done = get(archive, tmp_path, "StudyInstanceUID=1.2.1")
    assert done.exit_code == 1
    assert "the peer accepted no context for Study Root" in done.stderr


def test_nothing_of_it_there(archive: Archive, tmp_path: Path) -> None:
    done = get(archive, tmp_path, "StudyInstanceUID=9.9")
    assert done.exit_code == 1
    assert "nothing of this is there" in done.stderr


def test_a_folder_that_cannot_be(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = get(archive, tmp_path / "file", "StudyInstanceUID=1.2.1")
    assert done.exit_code == 2
    assert "exists" in done.stderr


def test_nobody_there(tmp_path: Path) -> None:
    arguments = ["get", "X=127.0.0.1:1", "StudyInstanceUID=1.2", "--to", str(tmp_path)]
    done = RUNNER.invoke(build(), arguments)
    assert done.exit_code == 1
    assert "127.0.0.1:1: Connect" in done.stderr


def test_an_interrupt_has_the_peer_stop(archive: Archive, tmp_path: Path) -> None:
    archive.keeps_sending = True
    arguments = ["get", archive.address, "--to", str(tmp_path), "StudyInstanceUID=1.2.1"]
    code, out, err = interrupted(arguments, lambda: bool([*tmp_path.rglob("*.dcm")]))
    assert code == 130, err
    assert archive.cancelled
    assert "got, 0 failed" in out
    assert "interrupted, the peer was told to stop" in err
    assert not [*tmp_path.rglob(".*")]


def test_from_a_dicomweb_service(tmp_path: Path) -> None:
    keys = ["StudyInstanceUID=1.2", "--to", str(tmp_path / "new")]
    with web_service(files(file("1.2.3.4"), file("1.2.3.5"))) as service:
        done = RUNNER.invoke(build(), ["get", service.root, *keys])
        again = RUNNER.invoke(build(), ["get", service.root, *keys, "--json"])
    assert done.exit_code == 0, done.output
    assert f"{service.root}: 2 got, 0 failed, 0.0 MB, " in done.stdout
    assert (tmp_path / "new" / "1.2" / "1.2.3.4.dcm").read_bytes() == file("1.2.3.4")
    said = json.loads(again.stdout)
    assert (said["status"], said["files"], said["already_there"]) == ("0000", 0, 2)


def test_w41_an_answer_that_breaks_off(tmp_path: Path) -> None:
    whole = files(file("1.2.3.4"), file("1.2.3.5"))
    with web_service(whole[:-300]) as service:
        keys = ["StudyInstanceUID=1.2", "--to", str(tmp_path)]
        done = RUNNER.invoke(build(), ["get", service.root, *keys])
    assert done.exit_code == 1
    assert "1 got, 0 failed" in done.stdout
    assert "the answer broke off" in done.stderr
    assert [each.name for each in tmp_path.rglob("*.*") if each.is_file()] == ["1.2.3.4.dcm"]


def test_w41_what_was_not_asked_for(tmp_path: Path) -> None:
    with web_service(files(file("9.9.9", "9.9"))) as service:
        keys = ["StudyInstanceUID=1.2", "--to", str(tmp_path)]
        done = RUNNER.invoke(build(), ["get", service.root, *keys])
    assert done.exit_code == 1
    assert "9.9.9: of study '9.9', which was not asked for" in done.stderr
    assert "0 got, 1 failed" in done.stdout


def test_nothing_of_it_at_a_service(tmp_path: Path) -> None:
    with web_service(answer(b"", "", status=404)) as service:
        keys = ["StudyInstanceUID=1.2", "--to", str(tmp_path)]
        done = RUNNER.invoke(build(), ["get", service.root, *keys])
    assert done.exit_code == 1
    assert "nothing of this is there" in done.stderr


def test_an_interrupt_leaves_what_is_whole(tmp_path: Path) -> None:
    half = then_silent(files(file("1.2.3.4"), file("1.2.3.5"))[:-300])
    with web_service(half) as service:
        arguments = ["get", service.root, "--to", str(tmp_path), "StudyInstanceUID=1.2"]
        code, out, err = interrupted(arguments, lambda: bool([*tmp_path.rglob("*.dcm")]))
    assert code == 130, err
    assert "1 got, 0 failed" in out
    assert err.endswith(": interrupted\n")
    assert [each.name for each in tmp_path.rglob("*.*") if each.is_file()] == ["1.2.3.4.dcm"]


@pytest.mark.parametrize("options", [("--composite",), ("--calling-ae", "ME")])
def test_options_that_a_service_has_no_use_for(tmp_path: Path, options: tuple[str, ...]) -> None:
    keys = ["SOPInstanceUID=1.2", "--to", str(tmp_path / "new")]
    done = RUNNER.invoke(build(), ["get", "http://127.0.0.1:1/dicomweb", *keys, *options])
    assert done.exit_code == 2
    assert not (tmp_path / "new").exists()
