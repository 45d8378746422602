"""kill -9 while events are delivered: each comes at least once, twice under the same id."""

import random
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.house.floors import ROOT


def killed_after(lines: int, instances: int, folder: Path, path: Path) -> list[str]:
    """Have it deliver until it has written so many lines; all that it wrote."""
    command = [sys.executable, "-m", "tests.jobs.killed", str(folder), str(path), str(instances)]
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


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("instances", "kills"),
    [(2_000, 5), pytest.param(10_000, 20, marks=pytest.mark.soak)],
)
def test_killed_while_events_are_delivered(
    folder: Path, tmp_path: Path, instances: int, kills: int
) -> None:
    chance, path = random.Random(11), tmp_path / "events"
    for _ in range(kills):
        lines = chance.randrange(1, instances // kills)
        assert len(killed_after(lines, instances, folder, path)) >= lines
    ids = ids_by_uid(path)
    while len(ids) < instances:
        # As many as are left are sure to come, whichever they are.
        assert killed_after(instances - len(ids), instances, folder, path)
        ids = ids_by_uid(path)
    assert set(ids) == {f"1.2.3.{number}" for number in range(instances)}
    assert all(len(each) == 1 for each in ids.values())
    assert len(set.union(*ids.values())) == instances
