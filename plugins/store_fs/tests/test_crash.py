"""kill -9 between the steps of a commit, then a restart: nothing acknowledged is lost."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.root import open_root
from pacsd_store_fs.store import FileStore

from pacsd.api.crashpoints import VARIABLE
from pacsd.api.store import Location
from pacsd.testing.blob_store_contract import PREFACE, commit_one, list_all, read_all

STORE_UNTIL_KILLED = """
import sys
from pathlib import Path
import anyio
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.root import open_root
from pacsd_store_fs.store import FileStore
from pacsd.testing.blob_store_contract import stage

async def main(path):
    store = FileStore("store_fs", open_root(path / "store", path / "store_fs.json", Disk()))
    for group in range(10):
        unfinished = await stage(store, b"unfinished")
        contents = [f"{group}.{number}".encode() for number in range(3)]
        for location in await store.commit([await stage(store, content) for content in contents]):
            print(location.key, contents.pop(0).decode(), flush=True)

anyio.run(main, Path(sys.argv[1]))
"""


def names_in(path: Path) -> list[str]:
    return [entry.name for entry in path.iterdir()]


def store_until_killed(path: Path, where: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", STORE_UNTIL_KILLED, str(path)],
        env=os.environ | {VARIABLE: where},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("point", ["after_fsync", "after_rename", "after_directory_fsync"])
@pytest.mark.parametrize("group", [1, 4])
async def test_killed(tmp_path: Path, point: str, group: int) -> None:
    run = store_until_killed(tmp_path, f"{point}:{group}")
    assert run.returncode == -signal.SIGKILL, run.stderr
    acknowledged = dict(line.split() for line in run.stdout.splitlines())
    assert len(acknowledged) == 3 * (group - 1)

    root = open_root(tmp_path / "store", tmp_path / "store_fs.json", Disk())
    assert names_in(root.stage) == []
    store = FileStore("store_fs", root)
    for key, content in acknowledged.items():
        assert await read_all(store, Location("store_fs", key, 0)) == PREFACE + content.encode()
    # What was renamed but not acknowledged is there whole or not at all.
    for location in await list_all(store):
        assert (await read_all(store, location)).startswith(PREFACE)
    before = {location.key for location in await list_all(store)}
    assert (await commit_one(store, b"afterwards")).key not in before
    await store.close()
