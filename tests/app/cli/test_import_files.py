import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from pacsd.app.cli.main import build
from pacsd.testing.objects import data_set
from tests.app.test_importing import write

RUNNER = CliRunner(env={"PACSD_CONFIG": None, "PACSD_STORE__UNSAFE_TMPFS": "true"})


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("pacsd.app.logs.configure", lambda _: None)
    with capture_logs():
        yield


def run(tmp_path: Path, *arguments: object) -> Result:
    options = ["--data-dir", str(tmp_path / "data")]
    return RUNNER.invoke(build(), ["import", *map(str, arguments), *options])


def test_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        write(tmp_path / "files" / str(number), number)
    (tmp_path / "files/readme").write_text("no DICOM")
    monkeypatch.chdir(tmp_path)
    done = run(tmp_path, "files")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("3 stored\n4 files, 1 of them no DICOM, 0.0 MB in ")
    assert run(tmp_path, "files").stdout.startswith("3 duplicate\n")


def test_what_is_refused_is_named(tmp_path: Path) -> None:
    write(tmp_path / "files/good", 1)
    bare = tmp_path / "files/bare"
    bare.write_bytes(data_set())
    done = run(tmp_path, tmp_path / "files")
    assert done.exit_code == 1
    assert f"{bare}: no File Meta Information (PS3.10 section 7.1)" in done.stderr
    assert "1 refused: no File Meta Information" in done.stdout


def test_what_is_set_aside_is_explained(tmp_path: Path) -> None:
    write(tmp_path / "files/1")
    run(tmp_path, tmp_path / "files")
    other = data_set({"SOPInstanceUID": "1.2.3.1", "ImageComments": "another"})
    done = run(tmp_path, write(tmp_path / "files/2", data=other))
    assert done.exit_code == 1
    assert done.stdout.startswith("1 conflict: in quarantine, ")
    other_content = "in quarantine, other content than the instance has that is shown"
    assert done.stderr == f"{tmp_path}/files/2: {other_content}\n"
    again = run(tmp_path, tmp_path / "files/2")
    assert again.stderr == f"{tmp_path}/files/2: in quarantine since before, as conflict\n"


def test_held_ones_are_in_the_archive(tmp_path: Path) -> None:
    write(tmp_path / "files/1")
    other = data_set({"SOPInstanceUID": "1.2.3.2", "PatientID": "ANOTHER"})
    run(tmp_path, tmp_path / "files")
    done = run(tmp_path, write(tmp_path / "held", 2, data=other))
    assert done.exit_code == 0
    assert done.stdout.startswith("1 held: not shown, ")
    assert done.stderr == f"{tmp_path}/held: not shown, another patient than their study has\n"


def test_for_programs(tmp_path: Path) -> None:
    done = run(tmp_path, write(tmp_path / "1"), "--json")
    said = json.loads(done.stdout)
    assert said["failure"] is None
    assert said["report"]["outcomes"] == {"stored": 1}


def test_nothing_to_import(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run(tmp_path, tmp_path / "empty")
    assert done.exit_code == 1
    assert "nothing to import: no DICOM file was found" in done.stderr


def test_a_store_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACSD_STORE__MIN_FREE_BYTES", str(2**59))
    done = run(tmp_path, write(tmp_path / "1"))
    assert done.exit_code == 1
    assert "given up, the rest was not tried: Not stored: storing is suspended" in done.stderr


def test_many_refused_ones_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacsd.app.import_records.MAX_REFUSED", 1)
    (tmp_path / "files").mkdir()
    for number in range(3):
        (tmp_path / "files" / str(number)).write_bytes(data_set())
    assert "... and 2 more refused" in run(tmp_path, tmp_path / "files").stderr


def test_many_that_are_not_shown_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pacsd.app.import_records.MAX_SET_ASIDE", 1)
    run(tmp_path, write(tmp_path / "1"))
    for number in (2, 3, 4):
        data = data_set({"SOPInstanceUID": f"1.2.3.{number}", "PatientID": "ANOTHER"})
        write(tmp_path / "held" / str(number), number, data=data)
    assert "... and 2 more not shown" in run(tmp_path, tmp_path / "held").stderr


def test_no_such_path(tmp_path: Path) -> None:
    done = run(tmp_path, tmp_path / "nowhere")
    assert done.exit_code == 2
    assert f"{tmp_path / 'nowhere'}: No such file or directory" in done.stderr
