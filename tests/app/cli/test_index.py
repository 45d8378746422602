import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.cli.main import build
from pacsd.app.data_dir import locked
from pacsd.testing.daemon import Running, running
from tests.app.test_index_rebuild import COUNT, lived


@pytest.fixture
async def short_data_dir() -> AsyncIterator[Path]:
    """An admin socket has to fit in."""
    with tempfile.TemporaryDirectory(prefix="pacsd-") as folder:
        await lived(Path(folder))
        yield Path(folder)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["index", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
async def data_dir(tmp_path: Path) -> Path:
    await lived(tmp_path)
    return tmp_path


def test_rebuild(data_dir: Path) -> None:
    code, out, err = run("rebuild", "--data-dir", str(data_dir))
    assert (code, err) == (0, "")
    assert f"instances: {COUNT - 5} live, 2 held, 3 deleted\n" in out
    assert " files read in " in out
    assert " objects/s, " in out
    assert "versions in quarantine: 6\n" in out
    assert f"The index there was is {data_dir}/index.before-rebuild-" in out
    assert "Not brought back: the audit trail" in out
    assert "could not be seen" not in out


@pytest.mark.parametrize("content", [None, b"no database"], ids=["none", "no database"])
def test_rebuild_warns_where_no_index_says_which_stores_were_in_use(
    data_dir: Path, content: bytes | None
) -> None:
    index = data_dir / "index/index.sqlite"
    for path in index.parent.iterdir():
        path.unlink()
    if content is not None:
        index.write_bytes(content)
    code, out, _ = run("rebuild", "--data-dir", str(data_dir))
    assert code == 0
    assert f"instances: {COUNT - 5} live" in out
    told = (
        "Warning: read was store_fs. Whether objects lie in another store, too, could not be seen"
    )
    assert told in out


def test_rebuild_names_what_it_does_not_understand(data_dir: Path) -> None:
    key = "1/000/000/000/003.dcm"
    (data_dir / "store/objects" / key).write_bytes(b"Doe^John")
    code, out, _ = run("rebuild", "--data-dir", str(data_dir))
    assert code == 0
    assert f"left where they are: 1\n  {key}\n" in out
    assert "Doe" not in out


def test_rebuild_does_nothing_beside_a_daemon(data_dir: Path) -> None:
    with locked(data_dir):
        code, out, err = run("rebuild", "--data-dir", str(data_dir))
    assert (code, out) == (1, "")
    assert "uses it; stop the daemon first" in err


def test_rebuild_makes_no_directory(tmp_path: Path) -> None:
    code, _, err = run("rebuild", "--data-dir", str(tmp_path / "mistyped"))
    assert (code, err) == (1, f"data_dir = {tmp_path}/mistyped: no such directory\n")
    assert [*tmp_path.iterdir()] == []


def test_a_store_that_is_not_there_is_said(data_dir: Path) -> None:
    (data_dir / "store").rename(data_dir / "elsewhere")
    code, _, err = run("rebuild", "--data-dir", str(data_dir))
    assert code == 1
    assert "is its disk mounted?" in err


def served(daemon: Running, *options: str) -> tuple[int, str, str]:
    return run("stats", "--data-dir", str(daemon.data_dir), *options)


def test_stats_of_a_daemon_after_a_rebuild(short_data_dir: Path) -> None:
    assert run("rebuild", "--data-dir", str(short_data_dir))[0] == 0
    # What was deleted there is dated years back, and the purge begins as the daemon does.
    nothing_purged = {"PACSD_DELETION__PURGE": "false"}
    with running("--http", "", data_dir=short_data_dir, environment=nothing_purged) as daemon:
        code, out, err = served(daemon)
        assert (code, err) == (0, "")
        assert "2 patients, 2 studies, 2 series\n" in out
        assert "instances: " in out
        assert "versions in quarantine: 6\n" in out
        [files] = [line for line in out.splitlines() if line.startswith("files in ")]
        assert files.startswith("files in store_fs, ok: 200, ")
        assert files.endswith(" GB, without quarantine")
        assert "(one count numbers rows of all kinds, so these have gaps)\n" in out
        answer = json.loads(served(daemon, "--json")[1])
        assert answer["instances"]["held"] == 2
        assert daemon.stop() == 0
        assert not daemon.said("files that a crash had left over were indexed")


def test_stats_without_a_daemon(tmp_path: Path) -> None:
    code, out, err = run("stats", "--data-dir", str(tmp_path))
    assert (code, out) == (1, "")
    assert "no daemon runs" in err
