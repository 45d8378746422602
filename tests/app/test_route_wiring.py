"""Routing put together: a plugin's rule, the real index and jobs, and a peer that receives."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import anyio
from prometheus_client import CollectorRegistry

from pacsd.api.event_subject import EventSubject
from pacsd.api.hooks import hookimpl
from pacsd.api.route_target import Delivered, DeliveryOutcome
from pacsd.api.routing import Route
from pacsd.app.clock import utc_us
from pacsd.app.conf.settings import Config, EventSettings, JobSettings
from pacsd.app.job_running import make_jobs
from pacsd.app.opening import Archive
from pacsd.app.plugins.copy_place import CopyPlace
from pacsd.app.plugins.stored_instances import StoredInstances
from pacsd.app.route_wiring import (
    RoutePeers,
    delivery_handlers,
    peer_sending,
    route_consumers,
    target_gates,
    target_terms,
    throttles,
)
from pacsd.app.web_wiring import WebParts
from pacsd.archive.access import Access
from pacsd.archive.commitments import Safe, SafeAnswer, Sent
from pacsd.archive.precedence import Precedence
from pacsd.dicom.hop_marks import read_trail
from pacsd.index.delivery_records import DeliveryState
from pacsd.index.index import Index, open_index
from pacsd.index.records import Scope
from pacsd.jobs.target_terms import TargetTerms
from pacsd.net.admission import Gatekeeper
from pacsd.net.destination_places import DestinationPlaces
from pacsd.net.peers import PeerBook
from pacsd.net.transcoding import NO_TRANSCODING
from pacsd.testing.memory_store import MemoryStore
from tests.api.hookspecs.hooks_of import hooks_of
from tests.app.plugins.coercing import Coercing, marked, renamed
from tests.app.small_archive import SmallArchive
from tests.dicom.written import EXPLICIT
from tests.index.ordered import deliveries
from tests.net.storing_peer import StoringPeer, storing
from tests.net.test_retrieving import peer_of

TIMEOUT_S = 30


class Rule:
    """Sends each quiet study to a peer, and to one that there is not."""

    def __init__(self, coercion: str = "") -> None:
        self.coercion = coercion
        self.told: list[Delivered] = []
        self.changed = anyio.Event()

    @hookimpl
    async def pacsd_route(self, subject: EventSubject) -> tuple[Route, ...] | None:
        if subject.attributes.get("ModalitiesInStudy") != "CT":
            return None
        return tuple(
            Route(f"peer:{name}", "quiet CT", coercion=self.coercion) for name in ("PEER", "NOBODY")
        )

    @hookimpl
    async def pacsd_delivered(self, delivered: Delivered) -> None:
        self.told.append(delivered)
        self.changed.set()
        self.changed = anyio.Event()

    async def until_told(self, number: int) -> None:
        with anyio.fail_after(TIMEOUT_S):
            while len(self.told) < number:
                await self.changed.wait()


class Keeper:
    """Peers that keep whatever they are asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []

    async def ask(
        self, peer_ae: str, sent: Sequence[Sent], wait_s: float, /
    ) -> Sequence[SafeAnswer]:
        assert wait_s > 0
        self.asked.append((peer_ae, [each.reference.sop_instance_uid for each in sent]))
        return [SafeAnswer(each.reference, Safe.COMMITTED) for each in sent]


@asynccontextmanager
async def routing(
    folder: Path,
    archive: SmallArchive,
    rule: Rule,
    peers: PeerBook,
    *others: object,
    **terms: object,
) -> AsyncIterator["Keeper"]:
    config = Config(
        events=EventSettings(series_quiet_s=0.01, study_quiet_s=0.02),
        data_dir=folder,
        route_target=(TargetTerms.model_validate({"name": "peer:PEER", **terms}),),
    )
    keeper = Keeper()
    opened = Archive(hooks_of(rule, *others), archive.store, archive.index)
    place = CopyPlace(folder)
    opened.services.open(archive.index, StoredInstances(archive.store, archive.index, place))
    gatekeeper = cast("Gatekeeper", SimpleNamespace(peers=peers))
    access = Access(archive.index, lambda *_: None)
    parts = cast(
        "WebParts",
        SimpleNamespace(
            retriever=archive.retriever,
            access=access,
            transcoding=NO_TRANSCODING,
            ingest=SimpleNamespace(precedence=Precedence()),
        ),
    )
    sending = peer_sending(config, gatekeeper, parts, DestinationPlaces())
    gates = target_gates(config)
    running = make_jobs(
        config,
        archive.index,
        CollectorRegistry(),
        route_consumers(config, opened),
        delivery_handlers(config, opened, RoutePeers(sending, keeper), gates),
        gates,
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(running.run)
        await until_read(archive.index, "route:acme")
        yield keeper
        tasks.cancel_scope.cancel()


async def until_read(index: Index, consumer: str) -> None:
    """Who is new asks of what comes once it has begun."""
    with anyio.fail_after(TIMEOUT_S):
        for name in (consumer, "quiet timers"):
            while await index.changes.standing(Scope(), name) is None:
                await anyio.lowlevel.checkpoint()


async def until_waiting(index: Index, target: str) -> None:
    """A delivery to a target that there is not waits, and says why."""
    with anyio.fail_after(TIMEOUT_S):
        while True:
            [entry] = await deliveries(index, target=target)
            if entry.explanation:
                break
            await anyio.lowlevel.checkpoint()
    assert entry.explanation == "peer NOBODY is not in the peers file"
    assert (entry.state, entry.waiting) == (DeliveryState.OPEN, 1)


async def test_a_quiet_study_goes_where_a_plugin_says(tmp_path: Path) -> None:
    peer, rule = StoringPeer(), Rule()
    async with open_index(tmp_path, now_us=utc_us) as index, storing(peer) as destination:
        archive = SmallArchive(MemoryStore(), index)
        async with routing(tmp_path, archive, rule, PeerBook([peer_of(destination)])):
            data = await archive.add("1.2.3.4", Modality="CT")
            await rule.until_told(1)
            await until_waiting(index, "peer:NOBODY")
    [arrived] = peer.stored
    assert (arrived.sop_instance_uid, arrived.data_set) == ("1.2.3.4", data)
    [ended] = rule.told
    assert (ended.target, ended.outcome) == ("peer:PEER", DeliveryOutcome.DELIVERED)
    assert ended.study_instance_uid == "1.2.3"


async def test_what_is_sent_next_goes_over_the_same_association(tmp_path: Path) -> None:
    peer, rule = StoringPeer(), Rule()
    async with open_index(tmp_path, now_us=utc_us) as index, storing(peer) as destination:
        archive = SmallArchive(MemoryStore(), index)
        async with routing(tmp_path, archive, rule, PeerBook([peer_of(destination)])):
            for number in (1, 2):
                uid = f"1.2.{number}"
                await archive.add(f"{uid}.4", StudyInstanceUID=uid, SeriesInstanceUID=f"{uid}.3")
                await rule.until_told(number)
    assert peer.uids() == ["1.2.1.4", "1.2.2.4"]
    assert len(peer.requests) == 1


async def test_where_a_route_says_so_a_copy_arrives_and_nothing_else(tmp_path: Path) -> None:
    peer, rule = StoringPeer(), Rule("research")
    coercing = Coercing(renamed("2.25.3"))
    async with open_index(tmp_path, now_us=utc_us) as index, storing(peer) as destination:
        archive = SmallArchive(MemoryStore(), index)
        async with routing(tmp_path, archive, rule, PeerBook([peer_of(destination)]), coercing):
            await archive.add("1.2.3.4", Modality="CT")
            await rule.until_told(1)
    [arrived] = peer.stored
    assert arrived.sop_instance_uid == "2.25.3"
    trail = read_trail(arrived.data_set, EXPLICIT, is_whole=True)
    assert len(trail.marks) == 1
    assert marked(renamed("2.25.3"), *trail.marks).endswith(arrived.data_set)
    assert b"Test^Object" not in arrived.data_set


async def test_without_the_coercion_nothing_arrives(tmp_path: Path) -> None:
    peer, rule = StoringPeer(), Rule("research")
    async with open_index(tmp_path, now_us=utc_us) as index, storing(peer) as destination:
        archive = SmallArchive(MemoryStore(), index)
        async with routing(tmp_path, archive, rule, PeerBook([peer_of(destination)])):
            await archive.add("1.2.3.4", Modality="CT")
            await rule.until_told(1)
    assert peer.stored == []
    ended = {each.target: each for each in rule.told}["peer:PEER"]
    assert ended.outcome is DeliveryOutcome.REFUSED
    assert "no plugin provides 'research'" in ended.explanation


async def test_a_target_has_the_terms_of_its_name(tmp_path: Path) -> None:
    peer, rule = StoringPeer(), Rule()
    async with open_index(tmp_path, now_us=utc_us) as index, storing(peer) as destination:
        archive = SmallArchive(MemoryStore(), index)
        book = PeerBook([peer_of(destination)])
        async with routing(
            tmp_path, archive, rule, book, commitment=True, bytes_per_second=20_000
        ) as keeper:
            await archive.add("1.2.3.4", Modality="CT")
            await rule.until_told(1)
    assert keeper.asked == [("PEER", ["1.2.3.4"])]
    ended = {each.target: each for each in rule.told}
    assert ended["peer:PEER"].outcome is DeliveryOutcome.DELIVERED


def test_how_many_deliveries_there_are_at_once_is_of_the_target_or_as_of_all() -> None:
    config = Config(
        jobs=JobSettings(max_running_per_queue=3),
        route_target=(TargetTerms(name="web:a"), TargetTerms(name="web:b", at_once=5)),
    )
    assert {name: each.at_once for name, each in target_terms(config).items()} == {
        "web:a": 3,
        "web:b": 5,
    }
    assert target_gates(config).places() == {"target:web:a": 3, "target:web:b": 5}


async def test_what_is_sent_to_any_target_gives_way_to_storing() -> None:
    asked: list[None] = []

    async def give_way() -> None:
        asked.append(None)

    terms = TargetTerms.model_validate({"name": "peer:PEER", "instances_per_second": 1_000.0})
    made = throttles(Config(route_target=(terms,)), give_way)
    for name, count in (("peer:PEER", 2), ("bucket:FAR", 3)):
        await made.of(name).take(count, 0)
    assert len(asked) == 5
    assert made.of("peer:PEER") is not made.of("bucket:FAR")
