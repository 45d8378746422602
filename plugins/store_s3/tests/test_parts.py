"""kill -9 of a process that stores: what was acknowledged is there, and arrives far."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio.to_thread
import pytest
from pacsd_s3_client.far import open_far

from contrib.peers import fake_s3
from pacsd.api.crashpoints import VARIABLE
from pacsd.testing.blob_store_contract import PREFACE, commit_one, list_all, read_all
from tests.far_stores import opened_store, settings

STORE_UNTIL_KILLED = """
import sys
from pathlib import Path
import anyio
from pacsd_s3_client.far import open_far
from pacsd.testing.blob_store_contract import stage
from tests.far_stores import opened_store, settings

async def main(path, endpoint):
    chosen = settings(endpoint=endpoint)
    async with opened_store(path, open_far(chosen), chosen) as store:
        for group in range(10):
            contents = [f"{group}.{number}".encode() for number in range(3)]
            staged = [await stage(store, content) for content in contents]
            for location in await store.commit(staged):
                print(location.key, contents.pop(0).decode(), flush=True)
        await store.all_uploaded()

anyio.run(main, Path(sys.argv[1]), sys.argv[2])
"""


@pytest.mark.parametrize("point", ["after_rename:4", "before_uploaded:5", "after_uploaded:5"])
async def test_killed(tmp_path: Path, point: str) -> None:
    async with fake_s3.served() as fake:
        run = await run_to_its_end(str(tmp_path), fake.endpoint, environment={VARIABLE: point})
        assert run.returncode == -signal.SIGKILL, run.stderr
        acknowledged = dict(line.split() for line in run.stdout.splitlines())
        chosen = settings(endpoint=fake.endpoint)
        async with opened_store(tmp_path, open_far(chosen), chosen) as store:
            locations = {each.key: each for each in await list_all(store)}
            for key, content in acknowledged.items():
                assert await read_all(store, locations[key]) == PREFACE + content.encode()
            await store.all_uploaded()
            assert store.parts.line.refused == 0
            assert (await commit_one(store, b"afterwards")).key not in locations
        assert {f"objects/{key}" for key in acknowledged} <= fake.objects.keys()


async def run_to_its_end(
    *arguments: str, environment: dict[str, str]
) -> "subprocess.CompletedProcess[str]":

    return await anyio.to_thread.run_sync(
        lambda: subprocess.run(
            [sys.executable, "-c", STORE_UNTIL_KILLED, *arguments],
            env=os.environ | environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
            capture_output=True,
            text=True,
        )
    )
