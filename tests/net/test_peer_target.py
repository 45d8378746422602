"""A peer as a target of routes, over sockets: a peer of a few lines receives."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest

from pacsd.api.errors import NotProvided
from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import Delivery, DeliveryOutcome, DeliveryResult, InstanceResult
from pacsd.archive.finding import IndexUnavailable
from pacsd.archive.retrievable import Retrievable
from pacsd.dimse.commands import CStoreRQ
from pacsd.net import peer_target, target_run
from pacsd.net.destination_places import DestinationPlaces
from pacsd.net.endpoint import Endpoint
from pacsd.net.peer_target import PeerSending, PeerTarget
from pacsd.net.peers import Peer, PeerBook
from pacsd.net.scu import Destination, Timeouts
from pacsd.net.sending import Outbound
from pacsd.net.throttle import Throttle, Throttles
from pacsd.testing.route_contract import RouteTargetContract
from tests.archive.test_pace import Time
from tests.net.harness import FakeRetriever, Setup, Trail, serving
from tests.net.room import AskedForRoom
from tests.net.storing_peer import StoringPeer, storing
from tests.net.test_retrieving import compressed, decodes, peer_of, several, stored

DELIVERED, REFUSED, AGAIN = DeliveryOutcome


def delivery(count: int) -> Delivery:
    facts = tuple(
        InstanceFacts(f"1.2.{number}", "1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2", "1.2", 9)
        for number in range(count)
    )
    return Delivery("peer:PEER", "rule 1", "all", 1, "1.2", facts)


def sending(retriever: FakeRetriever, *peers: Peer, trail: Trail | None = None) -> PeerSending:
    book = PeerBook(peers)
    return PeerSending(retriever, lambda: book, Timeouts(), trail or Trail(), "PACSD")


def target(
    retriever: FakeRetriever, destination: Destination, trail: Trail | None = None
) -> PeerTarget:
    peer = peer_of(destination, connections=1)
    return sending(retriever, peer, trail=trail).target("peer:PEER")


async def sent(peer: StoringPeer, retriever: FakeRetriever, count: int) -> DeliveryResult:
    async with storing(peer) as destination:
        return await target(retriever, destination).send(delivery(count))


class TestContract(RouteTargetContract):
    @pytest.fixture
    def target(self) -> PeerTarget:
        return target(several(0), Destination(Endpoint("127.0.0.1", 1), "PEER", "PACSD"))


async def test_instances_arrive_and_are_noted() -> None:
    peer, trail = StoringPeer(), Trail()
    async with storing(peer) as destination:
        tested = target(several(3), destination, trail)
        assert await tested.send(delivery(3)) == DeliveryResult(DELIVERED, status="0000")
    assert sorted(peer.uids()) == ["1.2.0", "1.2.1", "1.2.2"]
    assert (peer.requests[0].called_ae, peer.requests[0].calling_ae) == ("PEER", "PACSD")
    [noted] = trail.noted
    assert (noted.action, noted.outcome) == ("route (C-STORE to PEER)", "done")
    assert (noted.studies, noted.detail) == (("1.2",), "3 of 3 instances")


async def test_instances_leave_as_fast_as_the_target_is_sent_to() -> None:
    peer, time = StoringPeer(window=4), Time()
    throttle = Throttle(2, 40_000, now_s=time, sleep=time.sleep)
    async with storing(peer) as destination:
        made = sending(several(4), peer_of(destination, connections=2))
        tested = replace(made, throttles=Throttles({"peer:PEER": throttle})).target("peer:PEER")
        assert await tested.send(delivery(4)) == DeliveryResult(DELIVERED, status="0000")
    assert sorted(peer.uids()) == ["1.2.0", "1.2.1", "1.2.2", "1.2.3"]
    assert time.slept.count(0.5) + time.slept.count(1.0) > 0
    assert time.now_s - 100 >= 2


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(0xC123, REFUSED), (0xA900, REFUSED), (0x0122, REFUSED), (0xA700, AGAIN), (0x0110, AGAIN)],
)
async def test_d45_what_one_instance_meets_is_its_own(
    status: int, outcome: DeliveryOutcome
) -> None:
    def answer(request: CStoreRQ) -> tuple[int, str]:
        return (status if request.affected_sop_instance_uid == "1.2.1" else 0), "MILLER^ANN"

    result = await sent(StoringPeer(answer=answer), several(3), 3)
    assert result.outcome is DELIVERED
    [one] = result.exceptions
    assert (one.sop_instance_uid, one.outcome) == ("1.2.1", outcome)
    assert one.status == f"{status:04X}"
    assert f"{status:04X}" in one.explanation
    assert "MILLER" not in one.explanation


async def test_a_peer_that_is_away_is_tried_again() -> None:
    gone = Destination(Endpoint("127.0.0.1", 1), "PEER", "PACSD")
    tested = target(several(2), gone)
    result = await tested.send(delivery(2))
    assert (result.outcome, result.exceptions) == (AGAIN, ())
    assert result.explanation
    assert await tested.check() == result.explanation


async def test_a_peer_that_breaks_off_has_what_it_answered() -> None:
    def answer(request: CStoreRQ) -> tuple[int, str] | None:
        return (0, "") if request.affected_sop_instance_uid == "1.2.0" else None

    result = await sent(StoringPeer(answer=answer, max_associations=2), several(3), 3)
    assert result.outcome is AGAIN
    assert InstanceResult("1.2.0", DELIVERED, status="0000") in result.exceptions
    others = {each.outcome for each in result.exceptions if each.sop_instance_uid != "1.2.0"}
    assert others <= {AGAIN}


async def test_an_echo_says_whether_it_is_well() -> None:
    async with serving(Setup(retriever=several(0))) as served:
        there = Destination(served.endpoint, "PACSD", "ASKING")
        known = peer_of(there, ae_title="PACSD")
        room = AskedForRoom()
        asking = replace(sending(several(0), known), places=DestinationPlaces(room))
        assert await asking.target("peer:PACSD").check() is None
        assert room.made == [("PACSD", 0)]
        unknown = peer_of(there, ae_title="NOBODY")
        reason = await sending(several(0), unknown).target("peer:NOBODY").check()
    assert reason is not None


async def test_what_is_gone_meanwhile_is_not_said_to_have_arrived() -> None:
    result = await sent(StoringPeer(), several(1), 2)
    assert result.exceptions == (InstanceResult("1.2.1", AGAIN, target_run._NOT_SENT),)


class Failing(FakeRetriever):
    """Has one instance, and then fails."""

    async def instances(
        self, numbers: Sequence[int]
    ) -> AsyncGenerator[Sequence[Retrievable], None]:
        async for page in super().instances(numbers):
            yield page
            raise IndexUnavailable("input/output error")


async def test_what_the_index_does_not_tell_is_sent_again() -> None:
    retriever = Failing(*(stored(f"1.2.{number}") for number in range(2)))
    result = await sent(StoringPeer(), retriever, 2)
    assert (result.outcome, result.explanation) == (AGAIN, "input/output error")
    assert result.exceptions == (InstanceResult("1.2.0", DELIVERED, status="0000"),)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("peer:NOBODY", "peer NOBODY is not in the peers file"),
        ("peer:CALLER", "peer CALLER has no host and port there"),
    ],
)
def test_a_peer_that_cannot_be_called_is_provided_by_nobody(name: str, why: str) -> None:
    with pytest.raises(NotProvided, match=why):
        sending(several(0), Peer(ae_title="CALLER")).target(name)


async def test_a_peer_that_takes_no_compressed_objects_has_them_decoded() -> None:
    peer, codecs = StoringPeer(), decodes("1.2.1")
    async with storing(peer) as destination:
        book = PeerBook([peer_of(destination)])
        tested = PeerSending(
            compressed(3), lambda: book, Timeouts(), Trail(), "PACSD", transcoding=codecs
        )
        result = await tested.target("peer:PEER").send(delivery(3))
    assert sorted(peer.uids()) == ["1.2.0", "1.2.2"]
    assert result.exceptions == (InstanceResult("1.2.1", AGAIN, "12 bits"),)


async def test_copies_leave_instead_and_the_trail_says_by_what() -> None:
    peer, trail = StoringPeer(), Trail()
    async with storing(peer) as destination:
        tested = target(several(0), destination, trail)
        [copy] = await outbounds(several(1))
        coerced = replace(delivery(1), coercion="research")
        result = await tested.send_copies(coerced, [copy])
    assert result == DeliveryResult(DELIVERED, status="0000")
    assert peer.uids() == ["1.2.0"]
    [noted] = trail.noted
    assert (noted.studies, noted.detail) == (("1.2",), "1 of 1 instances, coerced by research")


async def outbounds(retriever: FakeRetriever) -> list[Outbound]:
    async for page in retriever.instances([0]):
        return list(map(peer_target._outbound, page, retriever.data_sets(page)))
    raise AssertionError("it has none")


async def test_what_was_not_coerced_is_not_sent_in_its_place() -> None:
    peer = StoringPeer()
    async with storing(peer) as destination:
        tested = target(several(1), destination)
        result = await tested.send(replace(delivery(1), coercion="research"))
    assert result == DeliveryResult(REFUSED, "not sent: it was not coerced")
    assert peer.requests == []
