"""kill -9 of a daemon that stores and tells a plugin: each event comes, twice under the same id.

The plugin is the example that writes events to a file, in a process of its own. Its file is a pipe,
so that each event is seen as it is told.
"""

import os
import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Queue

import pytest

from pacsd.testing.daemon import SAYS_WITHIN_S, Running, running
from pacsd.testing.objects import data_set
from tests.crash.campaign import storing
from tests.interop.installed import installed

PER_SERIES = 100
CONFIGURATION = """
[store]
unsafe_tmpfs = true

[events]
study_quiet_s = 86400

[plugins.event_file]
path = "{path}"
"""


class Told:
    """What the plugin writes, read as it comes: of each instance the ids of its events."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        # Open for writing, too: so it does not end when a plugin is killed.
        self._pipe = os.open(path, os.O_RDWR)
        self._seen: Queue[str] = Queue()
        self.ids: defaultdict[str, set[str]] = defaultdict(set)
        self.events = 0
        threading.Thread(target=self._read, daemon=True).start()

    def wait_for_one(self) -> None:
        """Until the next event has been told; its id is known then."""
        event_id, kind, _, _, uid = self._seen.get(timeout=SAYS_WITHIN_S).split("\t")
        assert kind == "instance_stored"
        self.ids[uid].add(event_id)
        self.events += 1

    def _read(self) -> None:
        with os.fdopen(self._pipe, encoding="utf-8") as lines:
            for line in lines:
                self._seen.put(line.rstrip("\n"))


class Sender:
    """Stores instances one after the other; what was not acknowledged is sent again."""

    def __init__(self, instances: int) -> None:
        numbers = (divmod(number, PER_SERIES) for number in range(instances))
        self.uids = [f"1.2.{series}.1.{number}" for series, number in numbers]
        self.acknowledged = 0

    @contextmanager
    def sending(self, port: int) -> Iterator[None]:
        """Meanwhile it sends what is left, until the daemon is gone."""
        thread = threading.Thread(target=self._send, args=(port,))
        thread.start()
        try:
            yield
        finally:
            thread.join()

    def _send(self, port: int) -> None:
        with suppress(OSError, EOFError), storing(port) as store:
            for uid in self.uids[self.acknowledged :]:
                assert store(uid, _object(uid)) == 0
                self.acknowledged += 1


def _object(uid: str) -> bytes:
    series = uid.rpartition(".")[0]
    study = series.rpartition(".")[0]
    own = {"StudyInstanceUID": study, "SeriesInstanceUID": series, "SOPInstanceUID": uid}
    return data_set({**own, "PatientID": study})


@contextmanager
def serving(folder: Path, environment: dict[str, str]) -> Iterator[Running]:
    config = ["--config", str(folder / "pacsd.toml")]
    with running(*config, data_dir=folder / "data", environment=environment) as daemon:
        yield daemon


@pytest.mark.parametrize(
    ("instances", "kills"),
    [(400, 3), pytest.param(10_000, 20, marks=pytest.mark.soak)],
)
def test_killed_while_it_stores_and_tells(tmp_path: Path, instances: int, kills: int) -> None:
    chance, sender, told = random.Random(23), Sender(instances), Told(tmp_path / "events")
    (tmp_path / "pacsd.toml").write_text(CONFIGURATION.format(path=tmp_path / "events"))
    (tmp_path / "installed").mkdir()
    environment = installed(tmp_path / "installed", {"event_file": "EventFile"})
    for _ in range(kills):
        with serving(tmp_path, environment) as daemon, sender.sending(daemon.port):
            for _ in range(chance.randrange(1, instances // kills)):
                told.wait_for_one()
            daemon.process.kill()
    with serving(tmp_path, environment) as daemon, sender.sending(daemon.port):
        while len(told.ids) < instances:
            told.wait_for_one()
    assert told.ids.keys() == set(sender.uids)
    assert {len(ids) for ids in told.ids.values()} == {1}
    assert len(set.union(*told.ids.values())) == instances
    # Some were in the hands of the plugin, or told and not noted, each time that it was killed.
    assert told.events > instances
