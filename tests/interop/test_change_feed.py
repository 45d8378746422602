"""The change feed of a real daemon, read with curl, as the docs do."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from pacsd.testing.daemon import Running, running
from tests.interop import peers
from tests.interop.known_studies import STUDIES, store_all

pytestmark = pytest.mark.timeout(120)

SMITH = STUDIES[0]
CURL = ("curl", "--silent", "--show-error", "--no-buffer", "--max-time", "60")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pacsd-") as temporary:
        yield Path(temporary) / "data"


def url(daemon: Running, query: str = "") -> str:
    return f"http://{peers.LOOPBACK}:{daemon.http_port}/dicomweb/changes{query}"


def page(daemon: Running, query: str = "") -> Any:
    return json.loads(peers.run(peers.program("curl"), *CURL[1:], url(daemon, query)))


def lines(stream: IO[str], beginning: str) -> Iterator[str]:
    """What stands behind that, of each line that begins with it."""
    return (
        line.removeprefix(beginning).rstrip("\n")
        for line in stream
        if line[: len(beginning)] == beginning
    )


def pacsd(data_dir: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "pacsd", *arguments, "--data-dir", str(data_dir)]
    subprocess.run(command, capture_output=True, check=True)


def test_it_is_followed_over_a_restart(data_dir: Path) -> None:
    with running(data_dir=data_dir) as daemon:
        store_all(daemon.port)
        first = page(daemon, "?limit=1000")
        assert {each["kind"] for each in first["changes"]} == {"stored"}
        assert SMITH.uid in {each["study_instance_uid"] for each in first["changes"]}
        assert daemon.stop() == 0
    with running(data_dir=data_dir) as daemon:
        pacsd(data_dir, "delete", "study", SMITH.uid, "--reason", "a test", "--yes")
        second = page(daemon, f"?epoch={first['epoch']}&since={first['last']}&wait=30")
        assert {each["kind"] for each in second["changes"]} == {"deleted"}
        assert {each["study_instance_uid"] for each in second["changes"]} == {SMITH.uid}
        assert daemon.stop() == 0


def test_curl_is_told_as_it_happens_and_to_the_end(data_dir: Path) -> None:
    with running(data_dir=data_dir) as daemon:
        command = [*CURL, "--header", "Accept: text/event-stream", url(daemon)]
        with subprocess.Popen(
            [peers.program(command[0]), *command[1:]], stdout=subprocess.PIPE, text=True
        ) as curl:
            assert curl.stdout is not None
            assert next(lines(curl.stdout, "retry: ")) == "1000"
            store_all(daemon.port)
            told = json.loads(next(lines(curl.stdout, "data: ")))
            assert told["kind"] == "stored"
            pacsd(data_dir, "delete", "study", SMITH.uid, "--reason", "a test", "--yes")
            assert "deleted" in lines(curl.stdout, "event: ")
            # It ends with the daemon, and whole: curl has no fault to tell.
            assert daemon.stop() == 0
            curl.stdout.read()
            assert curl.wait(peers.PATIENCE_S) == 0
        assert [line for line in daemon.lines if line.get("level") == "error"] == []


def test_a_new_index_is_told_from_the_old_one(data_dir: Path) -> None:
    with running(data_dir=data_dir) as daemon:
        store_all(daemon.port)
        before = page(daemon, "?limit=1000")
        assert daemon.stop() == 0
    pacsd(data_dir, "index", "rebuild")
    with running(data_dir=data_dir) as daemon:
        gone = page(daemon, f"?epoch={before['epoch']}&since={before['last']}")
        assert gone["error"].startswith(f"epoch: '{before['epoch']}' is not the epoch of")
        after = page(daemon, f"?epoch={gone['epoch']}&since={gone['oldest']}&limit=1000")

        def uids(each: Any) -> list[str]:
            return sorted(change["sop_instance_uid"] for change in each["changes"])

        assert uids(after) == uids(before)
        assert daemon.stop() == 0
