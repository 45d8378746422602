"""`pacsd serve` as its options say; the daemon's life is in test_daemon."""

import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.cli.main import build
from pacsd.app.cli.serve import EXIT_INDEX
from pacsd.testing.daemon import running

RUNNER = CliRunner()


def test_the_options_are_the_settings() -> None:
    options = ("--ae-title", "STORE1", "--peer", "CT1=127.0.0.1:104", "--peer", "CT2=127.0.0.1:104")
    with running(*options) as daemon:
        serving = daemon.said("serving")[0]
    assert serving["ae_titles"] == ["STORE1"]
    assert serving["peers"] == 2
    assert serving["data_dir"] == str(daemon.data_dir)


def test_it_may_listen_on_several_addresses() -> None:
    with running("--dimse", "127.0.0.1:0") as daemon:
        listening = daemon.said("serving")[0]["dimse"]
    assert isinstance(listening, list)
    assert len({*listening}) == 2


def test_a_damaged_index_has_an_exit_code_of_its_own() -> None:
    with tempfile.TemporaryDirectory(prefix="pacsd-") as folder:
        index = Path(folder) / "index/index.sqlite"
        index.parent.mkdir()
        index.write_bytes(b"no database " * 1000)
        with running(data_dir=Path(folder), wait=False) as daemon:
            assert daemon.process.wait(15) == EXIT_INDEX
        last = str(daemon.lines[-1]["text"])
    assert last.startswith(f"pacsd cannot start: index: {index} is damaged (SQLITE_NOTADB: ")
    assert last.endswith("`pacsd index rebuild` makes it anew of the stored files")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--dimse", "0.0.0.0:11112"], "is not loopback"),
        (["--http", "0.0.0.0:8080"], "nobody has to log in yet"),
        (["--ae-title", "A TITLE FAR TOO LONG"], "1 to 16 characters"),
        (["--peer", "CT1"], "AET=HOST:PORT"),
        (["--data-dir", "/"], "root directory"),
    ],
)
def test_what_is_unsafe_or_wrong_is_refused_with_exit_2(
    tmp_path: Path, options: list[str], said: str
) -> None:
    kept = [] if "--data-dir" in options else ["--data-dir", str(tmp_path / "data")]
    done = RUNNER.invoke(build(), ["serve", *kept, *options])
    assert done.exit_code == 2
    assert said in done.stderr
    assert not (tmp_path / "data").exists()
