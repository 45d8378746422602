"""A process that indexes instances and delivers their events, until it is killed.

    python -m tests.jobs.killed FOLDER FILE INSTANCES

Each event that is delivered is a line of FILE, its id and SOP Instance UID, and then one of
standard output. Some are refused at first: once, whatever becomes of the process, so that no job of
theirs runs out of attempts however often it is killed. FILE.refused names those.
"""

import os
import sys
import time
from datetime import UTC
from pathlib import Path

import anyio

from pacsd.api.events import ArchiveEvent
from pacsd.index.index import Index, open_index
from pacsd.jobs.attempts import Attempts
from pacsd.jobs.backoff import Backoff
from pacsd.jobs.consumer import Consumer
from pacsd.jobs.event_delivery import EventDelivery
from pacsd.jobs.event_feed import EVENT
from pacsd.jobs.outcomes import Handler
from pacsd.jobs.workers import WorkerBounds, Workers
from tests.index.made import new
from tests.jobs.working import Seen

TOGETHER = 50
REFUSED_OF = 97
STORE = "store_fs"


class Writer:
    """The consumer: a line for each event, but each ninety-seventh is refused once."""

    def __init__(self, path: Path) -> None:
        refused = path.with_suffix(".refused")
        self._file, self._refused_file = (
            os.open(each, os.O_CREAT | os.O_APPEND | os.O_WRONLY) for each in (path, refused)
        )
        self._refused = set(refused.read_text().split())

    async def __call__(self, event: ArchiveEvent) -> None:
        number = int(event.sop_instance_uid.rpartition(".")[2])
        if number % REFUSED_OF == 0 and event.event_id not in self._refused:
            self._refused.add(event.event_id)
            os.write(self._refused_file, f"{event.event_id}\n".encode())
            raise ConnectionError("not now")
        line = f"{event.event_id} {event.sop_instance_uid}\n".encode()
        os.write(self._file, line)
        os.write(sys.stdout.fileno(), line)


def now_us() -> int:
    return time.time_ns() // 1_000


async def serve(folder: Path, path: Path, instances: int) -> None:
    async with open_index(folder, now_us=now_us) as index:
        seen = Seen()
        delivery = EventDelivery(
            index, [Consumer("file", Writer(path), begins_at_first=True)], seen
        )
        handler = Handler(delivery.handler.run, 60.0, Backoff(first_s=0.01, most_s=0.1))
        attempts = Attempts(index.jobs, seen, now_us=now_us, chance=lambda: 0.0, zone=UTC)
        # What was leased when it was killed is to come back soon.
        bounds = WorkerBounds(lease_s=1.0)
        workers = Workers(index.jobs, {EVENT: handler}, bounds, attempts, seen, now_us=now_us)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(delivery.run)
            tasks.start_soon(workers.run)
            await fill(index, instances)


async def fill(index: Index, instances: int) -> None:
    """Index those that are not yet; a killed process may have left off anywhere."""
    highest = await index.highest_keys(STORE, 1)
    begin = int(highest[0][2:8]) + 1 if highest else 0
    for first in range(begin, instances, TOGETHER):
        await index.add(
            [
                new(f"1.2.3.{number}", key=f"1/{number:06d}.dcm")
                for number in range(first, min(first + TOGETHER, instances))
            ]
        )


if __name__ == "__main__":
    anyio.run(serve, Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
