"""The workers: they run jobs as they become due, so many at once and of each queue so many.

Nothing polls: they wait for the bell of the index, for what is due next, or for a free place. One
job that is stuck or always fails holds no place but its own.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import anyio
from anyio.abc import TaskGroup

from pacsd.index.errors import IndexFault
from pacsd.index.job_records import Claimed, FreePlaces, Job
from pacsd.index.jobs import Jobs
from pacsd.jobs.attempts import Attempts
from pacsd.jobs.observer import JobObserver
from pacsd.jobs.outcomes import Handler
from pacsd.jobs.stopping import Stopping

Sleep = Callable[[float], Awaitable[None]]

PAUSE_S = 5.0
"""After which the index is asked again when it failed."""

_US = 1_000_000
_EXTENSIONS = 3
"""Of a lease before it would run out."""


@dataclass(frozen=True, slots=True)
class WorkerBounds:
    """How many jobs run at once: in all, and of each queue, but for those that are named."""

    total: int = 16
    each_queue: int = 1
    by_queue: Mapping[str, int] = field(default_factory=dict)
    lease_s: float = 60.0


class Gates(Protocol):
    """Who knows of which queues nothing is to be begun now; see `TargetGates`."""

    def places(self) -> Mapping[str, int]:
        """How many jobs of some queues may run, where that is not as many as of others."""

    def opens_in_s(self) -> float | None:
        """When one of those that are shut opens; None: none is shut."""


class _NoGates:
    def places(self) -> Mapping[str, int]:
        return {}

    def opens_in_s(self) -> float | None:
        return None


NO_GATES = _NoGates()


@dataclass(frozen=True, slots=True, eq=False)
class _Running:
    job: Job
    scope: anyio.CancelScope


class Workers:
    """Run jobs of the kinds that have a handler, while `run` runs. `gates` may shut a queue."""

    def __init__(
        self,
        jobs: Jobs,
        handlers: Mapping[str, Handler],
        bounds: WorkerBounds,
        attempts: Attempts,
        observer: JobObserver,
        *,
        now_us: Callable[[], int],
        sleep: Sleep = anyio.sleep,
        gates: Gates = NO_GATES,
    ) -> None:
        self._gates = gates
        self._jobs = jobs
        self._handlers = handlers
        self._bounds = bounds
        self._attempts = attempts
        self._observer = observer
        self._now_us = now_us
        self._sleep = sleep
        self._running: set[_Running] = set()
        self._drained: set[str] = set()
        self._stopping = Stopping()
        self._changed = anyio.Event()

    async def take_over(self) -> None:
        """Before `run`, where nobody else works: what the last process had in hand waits again.

        Raises:
            IndexFault: nobody can tell; it waits until its leases run out.
        """
        await self._jobs.end_leases()

    async def run(self) -> None:
        """Run jobs until cancelled, or stopped and all have ended."""
        if not self._handlers:
            return
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._extend_leases, name="leases of jobs")
            while not self._stopping.is_asked:
                try:
                    await self._claim(tasks)
                except IndexFault as fault:
                    self._observer.jobs_failed(fault)
                    await self._stopping.first_of(lambda: self._sleep(PAUSE_S))
            await self._until(lambda: not self._running)
            tasks.cancel_scope.cancel()

    async def stop(self, grace_s: float) -> None:
        """Begin no more jobs; after the grace those that run are broken off, and wait again."""
        self._stopping.ask()
        with anyio.move_on_after(grace_s):
            await self._until(lambda: not self._running)
        for each in self._running:
            each.scope.cancel()
        await self._until(lambda: not self._running)

    async def drain(self, queue: str) -> None:
        """Begin no more jobs of a queue, and return when none runs; until `resume`."""
        self._drained.add(queue)
        await self._until(lambda: not self.running_of(queue))

    def resume(self, queue: str) -> bool:
        """Begin jobs of a queue again; whether it was drained."""
        was_drained = queue in self._drained
        self._drained.discard(queue)
        self._tell_changed()
        return was_drained

    def running_of(self, queue: str) -> int:
        """How many jobs of a queue run now."""
        return self._running_by_queue()[queue]

    @property
    def drained(self) -> frozenset[str]:
        """The queues of which no jobs are begun."""
        return frozenset(self._drained)

    async def _claim(self, tasks: TaskGroup) -> None:
        """Begin what is due and has a place; if that is nothing, wait until there may be more."""
        rings, changed = self._jobs.rings, self._changed
        free = self._bounds.total - len(self._running)
        if free <= 0:
            await self._stopping.first_of(changed.wait)
            return
        claimed = await self._jobs.claim(
            self._handlers.keys(), self._places(), free, self._bounds.lease_s
        )
        for job in claimed.jobs:
            running = _Running(job, anyio.CancelScope())
            self._running.add(running)
            tasks.start_soon(self._attempt, running, name=f"job {job.id}")
        if not claimed.jobs:
            await self._stopping.first_of(
                changed.wait, lambda: self._jobs.more(rings), lambda: self._until_due(claimed)
            )

    def _places(self) -> FreePlaces:
        running = self._running_by_queue()
        bounds = dict.fromkeys(running, self._bounds.each_queue)
        bounds |= self._bounds.by_queue
        bounds |= self._gates.places()
        bounds |= dict.fromkeys(self._drained, 0)
        free = {queue: bound - running[queue] for queue, bound in bounds.items()}
        return FreePlaces(self._bounds.each_queue, free)

    def _running_by_queue(self) -> Counter[str]:
        return Counter(each.job.queue for each in self._running)

    async def _until_due(self, claimed: Claimed) -> None:
        waits_s = [] if (opens_in_s := self._gates.opens_in_s()) is None else [opens_in_s]
        if claimed.next_due_us is not None:
            waits_s.append((claimed.next_due_us - self._now_us()) / _US)
        if not waits_s:
            await anyio.sleep_forever()
        await self._sleep(max(0.0, min(waits_s)))

    async def _attempt(self, running: _Running) -> None:
        job = running.job
        try:
            with running.scope:
                await self._attempts.make(job, self._handlers[job.kind])
        except IndexFault as fault:
            self._observer.jobs_failed(fault)
        finally:
            self._running.discard(running)
            self._tell_changed()

    async def _extend_leases(self) -> None:
        while True:
            await self._sleep(self._bounds.lease_s / _EXTENSIONS)
            if self._running:
                try:
                    await self._extend(list(self._running))
                except IndexFault as fault:
                    self._observer.jobs_failed(fault)

    async def _extend(self, running: list[_Running]) -> None:
        leases = [each.job.lease for each in running]
        lost = frozenset(await self._jobs.extend(leases, self._bounds.lease_s))
        for each in running:
            # One that has ended meanwhile has no lease either, and is not among them any more.
            if each.job.lease in lost and each in self._running:
                self._observer.lease_lost(each.job)
                each.scope.cancel()

    def _tell_changed(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await self._changed.wait()
