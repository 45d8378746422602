import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from pacsd.app.cli import fsck
from pacsd.app.cli.main import build
from pacsd.archive.check_records import FindingKind
from tests.app.test_importing import write

RUNNER = CliRunner(env={"PACSD_CONFIG": None, "PACSD_STORE__UNSAFE_TMPFS": "true"})


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An archive with three instances."""
    monkeypatch.setattr("pacsd.app.logs.configure", lambda _: None)
    for number in range(3):
        write(tmp_path / "files" / str(number), number)
    with capture_logs():
        imported = run("import", tmp_path / "files", "--data-dir", tmp_path / "data")
        assert imported.exit_code == 0, imported.output
        yield tmp_path / "data"


def run(*arguments: object) -> Result:
    return RUNNER.invoke(build(), [*map(str, arguments)])


def check(data_dir: Path, *options: str) -> Result:
    return run("fsck", "--data-dir", data_dir, *options)


def files(data_dir: Path) -> list[Path]:
    return sorted((data_dir / "store/objects").rglob("*.dcm"))


def test_all_is_well(data_dir: Path) -> None:
    done = check(data_dir)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("3 files, 3 in the index, quarantine included, in ")
    assert done.stdout.endswith(" s: all is well\n")


def test_with_digests_it_says_what_was_read(data_dir: Path) -> None:
    done = check(data_dir, "--digests")
    assert done.exit_code == 0
    assert "3 read back (0.0 MB)" in done.stdout


def test_what_is_found_is_named_and_what_to_do(data_dir: Path) -> None:
    first, second, _ = files(data_dir)
    first.unlink()
    changed = bytearray(second.read_bytes())
    changed[-3] ^= 1
    second.write_bytes(changed)
    done = check(data_dir, "--digests")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("missing: 1/000/000/000/")
    assert re.search(r"\(instance \d+: SOP Instance UID 1[.\d]+, of study 1[.\d]+\)$", lines[0])
    assert ".dcm in store_fs (instance " in lines[0]
    assert lines[1].startswith("damaged: ")
    assert f"1 missing: {fsck.WHAT_TO_DO['missing']}" in lines
    assert check(data_dir).exit_code == 1


def test_for_programs(data_dir: Path) -> None:
    files(data_dir)[0].unlink()
    done = check(data_dir, "--json")
    assert done.exit_code == 1
    said = json.loads(done.stdout)
    assert (said["failure"], said["report"]["counts"]) == (None, {"missing": 1})
    assert [finding["kind"] for finding in said["report"]["findings"]] == ["missing"]


def test_it_could_not_run(tmp_path: Path) -> None:
    done = check(tmp_path / "nowhere")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "there is no archive" in done.stderr
    said = json.loads(check(tmp_path / "nowhere", "--json").stdout)
    assert said["report"] is None


def test_every_kind_of_finding_has_words() -> None:
    assert set(fsck.WHAT_TO_DO) == set(FindingKind)


def test_findings_left_out_are_counted(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacsd.archive.check_records.MAX_FINDINGS", 1)
    for file in files(data_dir):
        file.unlink()
    assert "... and 2 more" in check(data_dir).stdout


def test_interrupted_it_does_not_say_that_all_is_well(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def interrupted(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        await anyio.sleep_forever()

    monkeypatch.setattr("pacsd.archive.check.Check._mark_verified", interrupted)
    done = check(data_dir)
    assert done.exit_code == 130
    assert done.stdout.endswith(" s: nothing found so far\n")
    assert done.stderr == "interrupted\n"
