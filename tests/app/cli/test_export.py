import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from pacsd.app.cli.export import _is_there
from pacsd.app.cli.main import build
from pacsd.app.cli.with_errand import Ended, run_errand
from pacsd.app.export_folder import ExportedFile
from pacsd.app.export_records import ExportProgress, ExportTally
from pacsd.testing.objects import data_set
from tests.app.test_importing import write
from tests.dicom.as_pydicom_lists import file_set

RUNNER = CliRunner(env={"PACSD_CONFIG": None, "PACSD_STORE__UNSAFE_TMPFS": "true"})
VALUES = {"StudyTime": "10", "StudyID": "1", "SeriesNumber": "1"}


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("pacsd.app.logs.configure", lambda _: None)
    with capture_logs():
        yield


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """One of three instances; the third is damaged."""
    for number in range(1, 4):
        uid, study = f"1.2.3.{number}", f"1.2.{number}"
        data = data_set({"SOPInstanceUID": uid, "StudyInstanceUID": study, **VALUES})
        write(tmp_path / "files" / str(number), number, data=data)
    done = run(tmp_path, "import", tmp_path / "files")
    assert done.exit_code == 0, done.output
    return tmp_path


def run(tmp_path: Path, *arguments: object) -> Result:
    options = ["--data-dir", str(tmp_path / "data")]
    return RUNNER.invoke(build(), [*map(str, arguments), *options])


def damage(tmp_path: Path) -> None:
    objects = (tmp_path / "data/store/objects").rglob("*.dcm")
    [path] = (path for path in objects if b"1.2.3.3\0" in path.read_bytes())
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-2] + b"9 ")


def test_all_of_it_with_a_dicomdir(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(archive)
    done = run(archive, "export", "out", "--all")
    assert done.exit_code == 0, done.output
    first, second = done.stdout.splitlines()
    assert first.startswith("3 instances of 3 studies exported, 0.0 MB in ")
    assert second == "DICOMDIR: 3 files"  # and nothing is made up
    assert len(file_set(archive / "out/DICOMDIR")) == 3


def test_some_of_it_without(archive: Path) -> None:
    wanted = "--study", "1.2.1", "--study", "1.2.2", "--patient", "TEST-1", "--date", "20260102"
    done = run(archive, "export", archive / "out", *wanted, "--no-dicomdir")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("2 instances of 2 studies exported")
    assert {path.name for path in (archive / "out").iterdir()} == {
        "DICOM",
        "SHA256SUMS",
        "manifest.jsonl",
    }


def test_what_is_nowhere_is_told(archive: Path) -> None:
    done = run(archive, "export", archive / "out", "--study", "1.2.1", "--study", "9.9")
    assert done.exit_code == 1
    assert done.stderr == "Study Instance UID 9.9: not in the archive\n"
    assert done.stdout.startswith("1 instances of 1 studies")
    done = run(archive, "export", archive / "none", "--date", "19000101")
    assert done.exit_code == 1
    assert done.stderr == "nothing to export: no study in the archive fits\n"
    assert not (archive / "none").exists()


def test_what_is_damaged_is_told(archive: Path) -> None:
    damage(archive)
    done = run(archive, "export", archive / "out", "--all")
    assert done.exit_code == 1
    why = "damaged: its digest is another than when it was stored"
    assert done.stderr == f"1.2.3.3: {why}\n"
    assert f"1 not exported: {why}" in done.stdout
    assert "DICOMDIR: 2 files" in done.stdout


def test_for_programs(archive: Path) -> None:
    damage(archive)
    done = run(archive, "export", archive / "out", "--all", "--json")
    assert done.exit_code == 1
    said: dict[str, Any] = json.loads(done.stdout)
    assert (said["failure"], said["folder"]) == (None, str(archive / "out"))
    assert (said["report"]["exported"], said["report"]["failed"]) == (2, 1)
    assert said["dicomdir"]["records"] == 2


def test_what_leaves_without_a_correction_is_not_all(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell(tally: ExportTally, data_set_bytes: int) -> None:
        tally.exported += 1
        tally.data_set_bytes += data_set_bytes
        tally.leave_uncorrected(f"1.{tally.exported}", ("PatientName", "StudyID"))

    monkeypatch.setattr(ExportTally, "add", tell)
    done = run(archive, "export", archive / "out", "--study", "1.2.1")
    assert done.exit_code == 1
    assert done.stderr == "1.1: exported without the correction of PatientName, StudyID\n"
    why = "1 exported without a correction: their character sets cannot hold the new value"
    assert done.stdout.splitlines()[0] == why


def test_who_exports_is_told(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def errand(*_: object, **arguments: object) -> Ended[ExportProgress]:
        asked.update(arguments)
        return Ended(failure="not today")

    monkeypatch.setenv("SUDO_USER", "somebody")
    monkeypatch.setattr("pacsd.app.cli.export.run_errand", errand)
    run(archive, "export", archive / "out", "--all")
    assert asked["actor"] == "somebody"


@pytest.mark.parametrize("is_used", [False, True])
@pytest.mark.parametrize("options", [(), ("--no-dicomdir",)])
def test_a_daemon_with_another_file_system(
    archive: Path, options: tuple[str], is_used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(*arguments: Any, **more: Any) -> Ended[ExportProgress]:
        return run_errand(*arguments, **more | {"folder": str(archive / "elsewhere")})

    if is_used:
        (archive / "out").mkdir()
        (archive / "out/manifest.jsonl").touch()
    monkeypatch.setattr("pacsd.app.cli.export.run_errand", elsewhere)
    done = run(archive, "export", archive / "out", "--all", *options)
    assert done.exit_code == 1
    assert f"{archive}/out: the files are not there: the daemon sees another" in done.stderr
    assert not (archive / "out/DICOMDIR").exists()
    said = run(archive, "export", archive / "none", "--all", "--json").stdout
    assert json.loads(said)["failure"] == f"{archive}/elsewhere: is not empty"


def test_where_we_may_not_look_nothing_says_that_it_is_not_there(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "lstat", refuses)
        assert _is_there(archive)
    assert _is_there(archive)
    assert not _is_there(archive / "out")
    assert not _is_there(archive / "files/1/out")


@pytest.mark.parametrize("arguments", [[], ["--all", "--study", "1.2"], ["--date", "2026"]])
def test_wrong_commands(archive: Path, arguments: list[str]) -> None:
    done = run(archive, "export", archive / "out", *arguments)
    assert done.exit_code == 2
    assert done.stderr
    assert not (archive / "out").exists()


def test_a_folder_that_is_not_empty(archive: Path) -> None:
    done = run(archive, "export", archive / "files", "--all")
    assert done.exit_code == 2
    assert done.stderr == f"{archive}/files: is not empty\n"


def test_a_full_disk(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ExportedFile.keep

    def fills_up(self: ExportedFile, digest: bytes, read: bytes | None) -> int:
        if not self._path.match("*/PT000001/ST000001/*/*"):
            raise OSError(28, "No space left on device")
        return whole(self, digest, read)

    monkeypatch.setattr("pacsd.app.exporting.FILES_AT_ONCE", 1)
    monkeypatch.setattr(ExportedFile, "keep", fills_up)
    done = run(archive, "export", archive / "out", "--all")
    assert done.exit_code == 1
    assert "given up, the rest was not tried: " in done.stderr
    assert "No space left on device" in done.stderr
    assert f"{archive}/out: holds a part of it, whole files, without DICOMDIR" in done.stderr
    assert done.stdout.startswith("1 of about 3 instances of 3 studies exported")
    assert not (archive / "out/DICOMDIR").exists()


@pytest.mark.parametrize(
    ("error", "code", "why"),
    [
        (OSError(28, "No space left on device"), 1, "no DICOMDIR: {}/out: No space left on device"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_a_dicomdir_that_cannot_be_made(
    archive: Path, error: BaseException, code: int, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr("pacsd.app.directory_making._write", fails)
    done = run(archive, "export", archive / "out", "--all")
    assert done.exit_code == code
    assert why.format(archive) in done.stderr
    assert done.stdout.startswith("3 instances of 3 studies exported")


def test_a_dicomdir_has_a_bound(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacsd.app.directory_making.MAX_DICOMDIR_BYTES", 500)
    done = run(archive, "export", archive / "out", "--all")
    assert done.exit_code == 1
    assert "no DICOMDIR: a DICOMDIR of more than 500 bytes; export less at once" in done.stderr


def test_what_the_dicomdir_lacks_is_told(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacsd.app.directory_making.MAX_NAMED", 1)
    monkeypatch.setattr("pacsd.dicom.directory_maker.record_type_of", lambda _: None)
    done = run(archive, "export", archive / "out", "--all")
    assert done.exit_code == 0
    assert "not in the DICOMDIR: no directory record for CT Image Storage" in done.stderr
    assert "... and 2 more not in the DICOMDIR" in done.stderr
    assert "DICOMDIR: 0 files" in done.stdout


def test_values_that_are_made_up_are_counted(tmp_path: Path) -> None:
    data = data_set({"SOPInstanceUID": "1.2.3.1", "PatientID": ""})
    run(tmp_path, "import", write(tmp_path / "1", data=data))
    done = run(tmp_path, "export", tmp_path / "out", "--all")
    assert done.exit_code == 0
    counts = "1 PatientID, 1 SeriesNumber, 1 StudyID, 1 StudyTime"
    assert done.stdout.endswith(f"where instances have no value: {counts}\n")


def test_without_an_archive(tmp_path: Path) -> None:
    done = run(tmp_path, "export", tmp_path / "out", "--all")
    assert done.exit_code == 2
    assert "there is no archive" in done.stderr
