"""Deliveries with a coercion: what the targets are given, and what becomes of which original."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from pacsd.api.host import HostError
from pacsd.api.instances import InstanceFacts, Instances
from pacsd.api.route_target import (
    Delivery,
    DeliveryOutcome,
    DeliveryResult,
    InstanceResult,
    RouteTarget,
)
from pacsd.app.plugins import coerced_target
from pacsd.app.plugins.coerced_copies import CopyMaker
from pacsd.app.plugins.coerced_target import of_ours, of_plugin
from pacsd.app.plugins.copy_place import CopyPlace
from pacsd.app.plugins.services import HostServices
from pacsd.app.plugins.stored_instances import StoredInstances
from pacsd.dicom.level import Level
from pacsd.dicom.part10 import decode_file_meta
from pacsd.net.sending import Outbound
from pacsd.net.throttle import Throttle
from pacsd.testing.route_contract import RouteTargetContract
from tests.api.hookspecs.hooks_of import hooks_of
from tests.app.plugins.coercing import GUARD, Coercing, marked, renamed
from tests.app.small_archive import SmallArchive, small_archive
from tests.archive.test_pace import Time
from tests.archive.test_retrieval import corrected

DELIVERED, REFUSED, AGAIN = DeliveryOutcome


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as made:
        yield made


class Reading:
    """A plugin's target that reads the files of what it is given."""

    def __init__(self, instances: Instances, result: DeliveryResult | None = None) -> None:
        self._instances = instances
        self.result = result or DeliveryResult(DELIVERED)
        self.deliveries: list[Delivery] = []
        self.read: list[bytes] = []

    async def send(self, delivery: Delivery, /) -> DeliveryResult:
        self.deliveries.append(delivery)
        for facts in delivery.instances:
            with await self._instances.open(facts.sop_instance_uid) as file:
                self.read.append(file.read())
            part = await self._instances.read(facts.sop_instance_uid, 128, 4)
            assert part == b"DICM"
            if delivery.coercion:
                with pytest.raises(HostError, match="a coerced copy, of which there is no header"):
                    await self._instances.header(facts.sop_instance_uid)
        return self.result

    async def check(self) -> str | None:
        return "is away"


class Setup:
    """An archive, a plugin that coerces, and a target."""

    def __init__(self, archive: SmallArchive, folder: Path, *plugins: object) -> None:
        self.services = HostServices(lambda: 0)
        stored = StoredInstances(archive.store, archive.index, CopyPlace(folder))
        self.services.open(archive.index, stored)
        self.stored = stored
        self.maker = CopyMaker(hooks_of(*plugins).coercion, lambda: stored, GUARD)
        self.time = Time()
        self.throttle = Throttle(2, now_s=self.time, sleep=self.time.sleep)
        self.target = Reading(self.services.instances_of("acme"))

    def wrapped(self) -> RouteTarget:
        return of_plugin(self.target, self.maker, self.services.lending, "acme", self.throttle)

    async def delivery(self, coercion: str = "research") -> Delivery:
        facts = tuple(await self.stored.of_study("1.2.3", "", ""))
        return Delivery("tape", "a rule", "all", 1, "1.2.3", facts, coercion)


async def test_a_plugin_is_given_the_copies_by_their_uids_and_nothing_else(
    archive: SmallArchive, tmp_path: Path
) -> None:
    await archive.add("1.2.3.7")
    setup = Setup(archive, tmp_path, Coercing(renamed("2.25.3")))
    result = await setup.wrapped().send(await setup.delivery())
    assert result == DeliveryResult(DELIVERED)
    assert setup.target.read == [marked(renamed("2.25.3"))]
    [given] = setup.target.deliveries
    assert given.study_instance_uid == "2.25.1"
    assert [each.sop_instance_uid for each in given.instances] == ["2.25.3"]
    assert "1.2.3" not in repr(given)
    with pytest.raises(HostError, match="no such instance"):
        await setup.services.instances_of("acme").open("2.25.3")


async def test_copies_under_the_same_uids_are_copies_all_the_same(
    archive: SmallArchive, tmp_path: Path
) -> None:
    await archive.add("1.2.3.7")
    copy = renamed("1.2.3.7", StudyInstanceUID="1.2.3")
    setup = Setup(archive, tmp_path, Coercing(copy))
    await setup.wrapped().send(await setup.delivery())
    assert setup.target.read == [copy]
    await setup.wrapped().send(await setup.delivery(""))
    assert b"Test^Object" in setup.target.read[1]


async def test_without_a_coercion_a_plugin_is_given_what_leaves(
    archive: SmallArchive, tmp_path: Path
) -> None:
    await archive.add("1.2.3.7")
    await corrected(archive.index, "1.2.3", 0x00100010, "New^Name", Level.STUDY)
    setup = Setup(archive, tmp_path)
    wrapped, delivery = setup.wrapped(), await setup.delivery("")
    assert await wrapped.send(delivery) == DeliveryResult(DELIVERED)
    [file] = setup.target.read
    assert b"New^Name" in file
    meta, _ = decode_file_meta(file)
    assert (meta.source_ae_title, meta.private_information) == ("", b"")
    [given] = setup.target.deliveries
    [facts] = given.instances
    assert (facts.sop_instance_uid, facts.size_bytes) == ("1.2.3.7", len(file))
    assert given.study_instance_uid == "1.2.3"
    with await setup.services.instances_of("acme").open("1.2.3.7") as stored:
        assert stored.read() != file


@pytest.mark.parametrize("coercion", ["", "research"])
async def test_a_plugin_is_asked_no_faster_than_its_target_is_sent_to(
    archive: SmallArchive, tmp_path: Path, coercion: str
) -> None:
    await archive.add("1.2.3.7")
    setup = Setup(archive, tmp_path, Coercing(renamed("2.25.3")))
    for _ in range(3):
        await setup.wrapped().send(await setup.delivery(coercion))
    assert setup.time.slept == [0.5, 0.5, 0.5]


async def test_what_cannot_be_coerced_does_not_leave(archive: SmallArchive, tmp_path: Path) -> None:
    plugin = Coercing(refused=b"1.2.3.8")
    plugin.failed = b"1.2.3.9"
    for uid in ("1.2.3.7", "1.2.3.8", "1.2.3.9"):
        await archive.add(uid)
    setup = Setup(archive, tmp_path, plugin)
    result = await setup.wrapped().send(await setup.delivery())
    assert result.outcome is DELIVERED
    assert {(each.sop_instance_uid, each.outcome) for each in result.exceptions} == {
        ("1.2.3.8", REFUSED),
        ("1.2.3.9", AGAIN),
    }
    refused, again = sorted(result.exceptions, key=lambda each: each.sop_instance_uid)
    assert refused.explanation == "coercion research: it is not wanted"
    assert again.explanation == "coercion research: OSError: no key now"
    assert len(setup.target.read) == 1


async def test_without_the_coercion_nothing_leaves(archive: SmallArchive, tmp_path: Path) -> None:
    await archive.add("1.2.3.7")
    setup = Setup(archive, tmp_path)
    result = await setup.wrapped().send(await setup.delivery())
    assert result == DeliveryResult(REFUSED, "coercion research: no plugin provides 'research'")
    assert setup.target.deliveries == []


async def test_what_becomes_of_a_copy_becomes_of_its_original(
    archive: SmallArchive, tmp_path: Path
) -> None:
    await archive.add("1.2.3.7")
    setup = Setup(archive, tmp_path, Coercing(renamed("2.25.3")))
    own = InstanceResult("2.25.3", REFUSED, "no", "C000")
    setup.target.result = DeliveryResult(DELIVERED, exceptions=(own,))
    result = await setup.wrapped().send(await setup.delivery())
    assert result.exceptions == (InstanceResult("1.2.3.7", REFUSED, "no", "C000"),)
    stored = InstanceResult("2.25.3", DELIVERED, status="0000")
    setup.target.result = DeliveryResult(DELIVERED, exceptions=(stored,))
    result = await setup.wrapped().send(await setup.delivery())
    assert result.exceptions == (InstanceResult("1.2.3.7", DELIVERED, status="0000"),)
    setup.target.result = DeliveryResult(AGAIN, "later")
    assert await setup.wrapped().send(await setup.delivery()) == DeliveryResult(AGAIN, "later")


async def test_a_target_that_takes_none_is_not_given_the_next_ones(
    archive: SmallArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coerced_target, "TOGETHER", 1)
    for uid in ("1.2.3.7", "1.2.3.8"):
        await archive.add(uid)
    setup = Setup(archive, tmp_path, Coercing())
    setup.target.result = DeliveryResult(AGAIN, "later")
    assert await setup.wrapped().send(await setup.delivery()) == DeliveryResult(AGAIN, "later")
    assert len(setup.target.deliveries) == 1
    setup.target.result = DeliveryResult(DELIVERED)
    assert await setup.wrapped().send(await setup.delivery()) == DeliveryResult(DELIVERED)
    assert len(setup.target.deliveries) == 3


async def test_what_was_delivered_before_it_stopped_is_told_and_the_rest_was_not_tried(
    archive: SmallArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coerced_target, "TOGETHER", 1)
    for uid in ("1.2.3.7", "1.2.3.8", "1.2.3.9"):
        await archive.add(uid)
    setup = Setup(archive, tmp_path, Coercing())
    answers = [DeliveryResult(DELIVERED, status="0000"), DeliveryResult(AGAIN, "cable")]
    send = setup.target.send

    async def in_turn(delivery: Delivery, /) -> DeliveryResult:
        setup.target.result = answers.pop(0)
        return await send(delivery)

    monkeypatch.setattr(setup.target, "send", in_turn)
    first = InstanceResult("1.2.3.7", DELIVERED, status="0000")
    expected = DeliveryResult(AGAIN, "cable", (first,))
    assert await setup.wrapped().send(await setup.delivery()) == expected
    assert answers == []


async def test_whether_it_works_the_target_says(archive: SmallArchive, tmp_path: Path) -> None:
    assert await Setup(archive, tmp_path, Coercing()).wrapped().check() == "is away"


class Peer:
    """A peer that keeps what it is given."""

    def __init__(self) -> None:
        self.copies: list[Outbound] = []
        self.deliveries: list[Delivery] = []

    async def send(self, delivery: Delivery, /) -> DeliveryResult:
        self.deliveries.append(delivery)
        return DeliveryResult(DELIVERED)

    async def send_copies(
        self, delivery: Delivery, copies: Sequence[Outbound], /
    ) -> DeliveryResult:
        self.copies += copies
        self.deliveries.append(delivery)
        self.read = [b"".join([piece async for piece in each.open()]) for each in copies]
        return DeliveryResult(DELIVERED)

    async def check(self) -> str | None:
        return None


async def test_a_peer_is_given_the_copies_and_the_trail_the_original(
    archive: SmallArchive, tmp_path: Path
) -> None:
    await archive.add("1.2.3.7")
    setup, peer = Setup(archive, tmp_path, Coercing(renamed("2.25.3"))), Peer()
    tested = of_ours(peer, setup.maker)
    assert await tested.send(await setup.delivery()) == DeliveryResult(DELIVERED)
    [copy] = peer.copies
    assert copy.sop_instance_uid == "2.25.3"
    assert marked(renamed("2.25.3")).endswith(peer.read[0])
    assert peer.deliveries[0].study_instance_uid == "1.2.3"
    await tested.send(await setup.delivery(""))
    assert len(peer.copies) == 1


def test_parts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coerced_target, "TOGETHER_BYTES", 10)
    sizes = [20, 5, 5, 1]
    some = [InstanceFacts(f"1.{size}", "", "", "", "", size) for size in sizes]
    parts = [[each.size_bytes for each in part] for part in coerced_target._parts(some)]
    assert parts == [[20], [5, 5], [1]]


class TestContract(RouteTargetContract):
    @pytest.fixture
    def target(self, archive: SmallArchive, tmp_path: Path) -> RouteTarget:
        return Setup(archive, tmp_path, Coercing()).wrapped()
