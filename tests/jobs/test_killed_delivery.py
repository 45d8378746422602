"""kill -9 while events are delivered: each comes at least once, twice under the same id."""

import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.floors import ROOT

INSTANCES = 10_000
KILLS = 20


def killed_once(is_enough: Callable[[str], bool], folder: Path, path: Path) -> None:
    """Have it deliver, and kill it once a line that it writes is enough."""
    command = [sys.executable, "-m", "tests.jobs.killed", str(folder), str(path), str(INSTANCES)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert any(map(is_enough, process.stdout))
        finally:
            # It never ends by itself: leaving it to the time limit would be to wait for ever.
            process.kill()


def after(lines: int) -> Callable[[str], bool]:
    """So many of them are enough."""
    left = iter(range(lines - 1, -1, -1))
    return lambda _: next(left) == 0


def once_all_came(uids: set[str]) -> Callable[[str], bool]:
    """Enough are as many as it takes: what was told, but not noted, comes first once more."""

    def is_last(line: str) -> bool:
        uids.discard(line.split()[1])
        return not uids

    return is_last


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
        killed_once(after(lines), folder, path)
    wanted = {f"1.2.3.{number}" for number in range(INSTANCES)}
    left = wanted - ids_by_uid(path).keys()
    if left:
        killed_once(once_all_came(left), folder, path)
    ids = ids_by_uid(path)
    assert ids.keys() == wanted
    assert all(len(each) == 1 for each in ids.values())
    assert len(set.union(*ids.values())) == INSTANCES
