"""A daemon's routing and the sites it sends to, in virtual time, for the tests of outages."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC
from pathlib import Path
from random import Random

import anyio

from pacsd.api.event_subject import EventSubject
from pacsd.api.events import EventKind
from pacsd.api.route_target import (
    Delivered,
    Delivery,
    DeliveryOutcome,
    DeliveryResult,
    RouteTarget,
)
from pacsd.api.routing import Route, RoutePriority
from pacsd.archive.commitments import SafeAnswer
from pacsd.archive.deliverable import Deliverables
from pacsd.archive.event_subjects import EventSubjects
from pacsd.archive.finding import QueryLimits
from pacsd.archive.retrieval import Retriever
from pacsd.index.delivery_records import DeliveryFilter, LedgerEntry, Order
from pacsd.index.index import Index, open_index
from pacsd.index.job_records import Job
from pacsd.index.sqlite import Durability
from pacsd.jobs.attempts import Attempts
from pacsd.jobs.consumer import Consumer
from pacsd.jobs.deliveries import Deliveries, Targets
from pacsd.jobs.event_delivery import EventDelivery
from pacsd.jobs.event_feed import EVENT
from pacsd.jobs.patience import Patience
from pacsd.jobs.quiet_timers import QuietDelays, QuietTimers
from pacsd.jobs.routed_kinds import RoutedKinds
from pacsd.jobs.routing import Routing
from pacsd.jobs.target_gates import TargetGates
from pacsd.jobs.target_pauses import TargetPauses
from pacsd.jobs.workers import WorkerBounds, Workers
from pacsd.testing.memory_store import MemoryStore
from tests.index.made import BEGINNING_US, SCOPE, SECOND_US, new
from tests.jobs.working import Seen

QUIET_S = 120.0
"""After that a study is routed."""
CONNECT_S = 10.0
"""A host that is down is waited for so long."""
GRACE_S = 30.0
DAY_S = 86_400.0

_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class Study:
    """What a site stores, and when."""

    uid: str
    stored_s: float
    priority: RoutePriority = RoutePriority.MEDIUM
    instances: int = 3

    @property
    def uids(self) -> list[str]:
        """Of its instances, in the order they come."""
        return [f"{self.uid}.{number}" for number in range(1, self.instances + 1)]


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent together, and when that began."""

    at_s: float
    study: str
    uids: tuple[str, ...]


@dataclass(slots=True)
class Site:
    """A target that takes so long for an instance, and is down from `down_s` to `up_s`."""

    instance_s: float
    down_s: float = 0.0
    up_s: float = 0.0
    sent: list[Sent] = field(default_factory=list)
    knocked_s: list[float] = field(default_factory=list)
    """When somebody began to look whether it is there, and it was not."""
    refused_sends: int = 0
    changed: anyio.Event = field(default_factory=anyio.Event)

    @property
    def taken(self) -> list[str]:
        """The instances it has, as they came."""
        return [uid for each in self.sent for uid in each.uids]

    async def send(self, delivery: Delivery, /) -> DeliveryResult:
        at_s = anyio.current_time()
        if self._is_down(at_s):
            self.refused_sends += 1
            await anyio.sleep(CONNECT_S)
            raise OSError("no route to host")
        uids = tuple(each.sop_instance_uid for each in delivery.instances)
        self.sent.append(Sent(at_s, delivery.study_instance_uid, uids))
        self.changed.set()
        self.changed = anyio.Event()
        await anyio.sleep(self.instance_s * len(uids))
        return DeliveryResult(DeliveryOutcome.DELIVERED, status="0000")

    async def until_sent(self, number: int) -> None:
        """Wait until so many were begun to be sent."""
        while len(self.sent) < number:
            await self.changed.wait()

    async def check(self) -> str | None:
        at_s = anyio.current_time()
        if not self._is_down(at_s):
            return None
        self.knocked_s.append(at_s)
        await anyio.sleep(CONNECT_S)
        return "no route to host"

    def _is_down(self, at_s: float) -> bool:
        return self.down_s <= at_s < self.up_s


class AskedNothing:
    """Who would ask targets what they keep, if the terms of any said so."""

    async def confirm(
        self, delivery: Delivery, _sent_ago_s: Mapping[str, float], _wait_s: float, /
    ) -> Mapping[str, SafeAnswer]:
        raise AssertionError(delivery)


@dataclass(slots=True)
class Hospital:
    """An archive whose studies go to all its sites. One thing lasts: its index."""

    index: Index
    now_us: Callable[[], int]
    sites: Mapping[str, RouteTarget]
    newest_first: bool = False
    keep_trying_s: float = 30 * DAY_S
    seen: Seen = field(default_factory=Seen)
    told: list[Delivered] = field(default_factory=list)
    priorities: dict[str, RoutePriority] = field(default_factory=dict)
    processes: int = 0

    async def store(self, study: Study) -> None:
        """All of a study comes."""
        self.priorities[study.uid] = study.priority
        group = [
            new(uid, study=study.uid, series=f"{study.uid}.0", received_at_us=self.now_us())
            for uid in study.uids
        ]
        for at in range(0, len(group), _TOGETHER):
            await self.index.add(group[at : at + _TOGETHER])

    async def store_all(self, studies: Sequence[Study]) -> None:
        """Each at its time."""
        for each in studies:
            await anyio.sleep_until(each.stored_s)
            await self.store(each)

    @asynccontextmanager
    async def daemon(self) -> AsyncIterator[Workers]:
        """One process: put together as `app` does it, and stopped as it is."""
        self.processes += 1
        gates = TargetGates(anyio.current_time, Random(self.processes).random)
        events = EventDelivery(self.index, [self._routing()], self.seen, clock_s=anyio.current_time)
        timers = QuietTimers(self.index, QuietDelays(30, QUIET_S), self.seen, now_us=self.now_us)
        workers = self._workers(gates, events)
        await TargetPauses(self.index.ledger, gates).restore()
        await workers.take_over()
        async with anyio.create_task_group() as tasks:
            for run in (workers.run, events.run, timers.run):
                tasks.start_soon(run)
            yield workers
            async with anyio.create_task_group() as ending:
                ending.start_soon(workers.stop, GRACE_S)
                ending.start_soon(events.stop, GRACE_S)
            tasks.cancel_scope.cancel()

    async def entries(self, target: str) -> list[LedgerEntry]:
        """What the ledger says of a target."""
        found: list[LedgerEntry] = []
        wanted = DeliveryFilter(target=target)
        while page := await self.index.ledger.page(SCOPE, wanted, found[-1].id if found else 0):
            found += page
        return found

    async def jobs(self) -> list[Job]:
        """All there are."""
        found: list[Job] = []
        while page := await self.index.jobs.page(SCOPE, after=found[-1].id if found else 0):
            found += page
        return found

    def _workers(self, gates: TargetGates, events: EventDelivery) -> Workers:
        chance = Random(self.processes).random
        deliveries = Deliveries(
            self.index.ledger,
            Deliverables(Retriever(MemoryStore(), self.index, QueryLimits())),
            Targets(self._target_of, {}, AskedNothing()),
            self._tell,
            gates,
            Patience(int(self.keep_trying_s * SECOND_US), self.now_us, anyio.current_time),
        )
        return Workers(
            self.index.jobs,
            {**deliveries.handlers, EVENT: events.handler},
            WorkerBounds(),
            Attempts(self.index.jobs, self.seen, now_us=self.now_us, chance=chance, zone=UTC),
            self.seen,
            now_us=self.now_us,
            gates=gates,
        )

    def _routing(self) -> Consumer:
        subjects = EventSubjects(self.index, _header_of)
        routing = Routing(self._cover, subjects, self._routes, RoutedKinds(_kinds))
        return replace(routing.consumer("rules", 30.0), begins_at_first=True)

    async def _cover(self, order: Order) -> None:
        await self.index.ledger.cover(replace(order, is_urgent=self.newest_first))

    async def _routes(self, _: str, subject: EventSubject) -> Sequence[Route]:
        priority = self.priorities[subject.event.study_instance_uid]
        return [Route(name, "everything", priority) for name in self.sites]

    async def _target_of(self, name: str) -> RouteTarget:
        return self.sites[name]

    async def _tell(self, delivered: Delivered) -> None:
        self.told.append(delivered)


@asynccontextmanager
async def hospital(
    folder: Path, sites: Mapping[str, RouteTarget], **settings: object
) -> AsyncIterator[Hospital]:
    """One whose index is in a folder, and whose clock is the loop's."""
    time = asyncio.get_running_loop().time

    def now_us() -> int:
        return BEGINNING_US + round(time() * SECOND_US)

    async with open_index(folder, now_us=now_us, durability=Durability.RELAXED) as index:
        yield Hospital(index, now_us, sites, **settings)  # type: ignore[arg-type]


async def _header_of(_: str) -> bytes:
    return b"{}"


async def _kinds(_: str) -> Collection[EventKind]:
    return [EventKind.STUDY_QUIET]
