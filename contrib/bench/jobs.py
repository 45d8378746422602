"""Durable jobs with a million of them in the index: added, claimed, counted.

pacsd alone, without a server: the index's own calls, one after the other, files on disk, each
commit as it is in a daemon.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import anyio
from prometheus_client import CollectorRegistry

from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.servers import Peer
from pacsd.app.conf.settings import Config
from pacsd.app.job_running import make_jobs
from pacsd.index.index import Index, open_index
from pacsd.index.job_records import Claimed, FreePlaces, NewJob
from pacsd.index.records import Scope

KIND = "deliver"
QUEUES = 20
TOGETHER = 1_000
LEASE_S = 600.0
_PLACES = FreePlaces(10**9)
_PAYLOAD = '{"study_instance_uid":"1.2.840.113619.2.55.3.604688119.868.1"}'


def take(_: Peer, scale: Scale) -> Values:
    """Measure the index once."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix="bench-jobs-") as folder:
        return asyncio.run(_measured(Path(folder), scale))


async def _measured(folder: Path, scale: Scale) -> Values:
    async with open_index(folder, now_us=now_us) as index:
        begun = time.perf_counter()
        for first in range(0, scale.jobs, TOGETHER):
            await index.jobs.add([_job(first + each) for each in range(TOGETHER)])
        adding_s = time.perf_counter() - begun
        values: Values = {"jobs_added": scale.jobs / adding_s}
        values["jobs_singly"] = await _claims_per_s(index, 1, scale.seconds)
        values["jobs_batched"] = await _claims_per_s(index, TOGETHER, scale.seconds)
        begun = time.perf_counter()
        await index.jobs.counts(Scope())
        values["jobs_counts"] = 1e3 * (time.perf_counter() - begun)
        values["jobs_idle"] = await _idle_ms_per_s(index, scale.settle_s)
        return values


async def _idle_ms_per_s(index: Index, seconds: float) -> float:
    """CPU of all that runs durable work in a daemon, while nobody can do what waits."""
    running = make_jobs(Config(), index, CollectorRegistry())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(running.run)
        await anyio.sleep(seconds)  # what begins is not what is idle
        begun_s, cpu_s = time.perf_counter(), time.process_time()
        await anyio.sleep(seconds)
        used_s = time.process_time() - cpu_s
        taken_s = time.perf_counter() - begun_s
        tasks.cancel_scope.cancel()
    return 1e3 * used_s / taken_s


def _job(number: int) -> NewJob:
    return NewJob(KIND, f"destination {number % QUEUES}", _PAYLOAD)


async def _claims_per_s(index: Index, limit: int, seconds: float) -> float:
    claims, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        claimed: Claimed = await index.jobs.claim([KIND], _PLACES, limit, LEASE_S)
        claims += len(claimed.jobs)
        if not claimed.jobs:
            break
    return claims / (time.perf_counter() - begun)


def now_us() -> int:
    """The time, in UTC microseconds."""
    return time.time_ns() // 1_000


MEASURE = Measure(
    "jobs",
    (
        Figure("jobs_added", "jobs added a second, 1,000 at once"),
        Figure("jobs_singly", "... claimed a second, one by one", ">= 2,000"),
        Figure("jobs_batched", "... claimed a second, 1,000 at once", ">= 30,000"),
        Figure("jobs_counts", "... ms to count them by queue and state", "<= 10"),
        Figure("jobs_idle", "... CPU ms a second while none can be done", "<= 2"),
    ),
    take,
    only=("pacsd",),
)
