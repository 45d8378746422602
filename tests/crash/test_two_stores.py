"""kill -9 where there are two stores: what was acknowledged is there, and nothing is left over."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import orjson
import pytest
import requests

from pacsd.api.crashpoints import VARIABLE
from pacsd.testing.daemon import running
from pacsd.testing.objects import data_set
from tests.crash.campaign import PATIENCE_S, storing
from tests.interop.second_store import configured, installed

FULL = 'durability = "full"'


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pacsd-") as temporary:
        yield Path(temporary)


def send_until_gone(port: int) -> list[str]:
    """Every second object is one of the second store; the UIDs that were acknowledged."""
    acknowledged: list[str] = []
    with suppress(OSError, EOFError), storing(port) as store:
        for number in count(1):
            modality = ("CT", "MR")[number % 2]
            uid = f"1.2.3.1.{number}"
            about = {"SOPInstanceUID": uid, "SeriesInstanceUID": f"1.2.3.{modality == 'MR':d}"}
            assert store(uid, data_set({**about, "Modality": modality}, pixel_bytes=5_000)) == 0
            acknowledged.append(uid)
    return acknowledged


def checked(folder: Path, environment: dict[str, str]) -> dict[str, object]:
    command = [sys.executable, "-m", "pacsd", "fsck", "--digests", "--json"]
    paths = ["--config", str(folder / "pacsd.toml"), "--data-dir", str(folder / "data")]
    done = subprocess.run([*command, *paths], capture_output=True, env=environment, check=True)
    report: dict[str, object] = orjson.loads(done.stdout)["report"]
    return report


@pytest.mark.timeout(240)
@pytest.mark.parametrize("point", ["after_rename", "before_index", "after_index"])
def test_what_lies_durable_in_either_store_is_found_again(point: str, folder: Path) -> None:
    environment = installed(folder / "installed")
    config = ["--config", str(configured(folder, 'trusted = true\nisolation = "inline"', FULL))]
    acknowledged: list[str] = []
    for times in (3, 4):
        killed = environment | {VARIABLE: f"{point}:{times}"}
        with running(*config, data_dir=folder / "data", environment=killed) as daemon:
            acknowledged += send_until_gone(daemon.port)
            assert daemon.process.wait(PATIENCE_S) == -signal.SIGKILL
    with running(*config, data_dir=folder / "data", environment=environment) as daemon:
        for uid in {*acknowledged}:
            series = f"1.2.3.{int(uid.rpartition('.')[2]) % 2}"
            url = f"{daemon.http_url}/dicomweb/studies/1.2.3/series/{series}/instances/{uid}"
            assert requests.get(url, timeout=30).status_code == 200
        assert daemon.stop() == 0
    report = checked(folder, {**environment, "PACSD_STORE__UNSAFE_TMPFS": "true"})
    assert report["counts"] == {}
    assert report["rows"] == report["files"] == len({*acknowledged}) + 1
    stores = [folder / "data" / name / "objects" for name in ("store", "archive")]
    assert all([*store.rglob("*.dcm")] for store in stores)
