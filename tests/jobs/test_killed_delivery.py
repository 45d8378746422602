"""kill -9 while events are delivered: each comes at least once, twice under the same id."""

import random
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.house.floors import ROOT

INSTANCES = 10_000
KILLS = 20


def killed_after(lines: int, folder: Path, path: Path) -> list[str]:
    """Have it deliver until it has written so many lines; all that it wrote."""
    command = [sys.executable, "-m", "tests.jobs.killed", str(folder), str(path), str(INSTANCES)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = []
        try:
            for line in process.stdout:
                told.append(line)
                if len(told) == lines:
                    process.kill()
        finally:
            # It never ends by itself: leaving it to the time limit would be to wait for ever.
            process.kill()
    return told


def ids_by_uid(path: Path) -> dict[str, set[str]]:
    """The ids of the events that were delivered of each instance."""
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for line in path.read_text().splitlines():
        event_id, uid = line.split(" ")
        ids[uid].add(event_id)
    return ids


@pytest.mark.timeout(240)
def test_killed_while_events_are_delivered(folder: Path, tmp_path: Path) -> None:
    chance, path = random.Random(11), tmp_path / "events"
    for _ in range(KILLS):
        lines = chance.randrange(1, INSTANCES // KILLS)
        assert len(killed_after(lines, folder, path)) >= lines
    ids = ids_by_uid(path)
    while len(ids) < INSTANCES:
        # As many as are left are sure to come, whichever they are.
        assert killed_after(INSTANCES - len(ids), folder, path)
        ids = ids_by_uid(path)
    assert set(ids) == {f"1.2.3.{number}" for number in range(INSTANCES)}
    assert all(len(each) == 1 for each in ids.values())
    assert len(set.union(*ids.values())) == INSTANCES
