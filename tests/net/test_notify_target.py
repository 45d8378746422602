"""Peers that are told what is here, over sockets."""

from dataclasses import replace
from typing import Any

import pytest

from pacsd.api.errors import NotProvided
from pacsd.api.route_target import DeliveryOutcome, DeliveryResult
from pacsd.dicom.availability import AVAILABILITY_NOTIFICATION
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.header_stream import known_syntax
from pacsd.dimse.commands import NCreateRQ, Request
from pacsd.net.destination_places import DestinationPlaces
from pacsd.net.endpoint import Endpoint
from pacsd.net.notify_target import NotifyTarget, named_target
from pacsd.net.peer_target import PeerTarget
from pacsd.net.scu import Destination
from pacsd.testing.route_contract import RouteTargetContract
from tests.net.answering_peer import AnsweringConnection, AnsweringPeer, answering_peer
from tests.net.harness import Setup, serving
from tests.net.room import AskedForRoom
from tests.net.test_peer_target import delivery, sending
from tests.net.test_retrieving import peer_of, several

DELIVERED, REFUSED, AGAIN = DeliveryOutcome
GONE = Destination(Endpoint("127.0.0.1", 1), "PEER", "PACSD")


def target(destination: Destination, **peer: Any) -> NotifyTarget:
    named = named_target(sending(several(0), peer_of(destination, **peer)), "notify:PEER")
    assert isinstance(named, NotifyTarget)
    return named


class TestContract(RouteTargetContract):
    @pytest.fixture
    def target(self) -> NotifyTarget:
        return target(GONE)


def peer_that_answers(status: int) -> AnsweringPeer:
    def perform(connection: AnsweringConnection, request: Request, _: bytes) -> None:
        connection.respond(request, status)

    return AnsweringPeer(perform)


async def test_it_is_told_what_is_here() -> None:
    peer = peer_that_answers(0)
    async with answering_peer(peer) as destination:
        room = AskedForRoom()
        tells = replace(sending(several(0), peer_of(destination)), places=DestinationPlaces(room))
        tested = named_target(tells, "notify:PEER")
        assert await tested.send(delivery(3)) == DeliveryResult(DELIVERED, status="0000")
        assert room.made == [("PEER", 0)]
    (association,) = peer.requests
    assert (association.called_ae, association.calling_ae) == ("PEER", "PACSD")
    ((request, raw),) = peer.asked
    assert isinstance(request, NCreateRQ)
    assert request.affected_sop_class_uid == AVAILABILITY_NOTIFICATION
    assert request.affected_sop_instance_uid.startswith("2.25.")
    told = read_data_set(raw, known_syntax("1.2.840.10008.1.2.1"))
    assert told.texts(0x0020000D) == ["1.2"]
    (series,) = told.items(0x00081115)
    instances = series.items(0x00081199)
    assert [each.texts(0x00081155)[0] for each in instances] == ["1.2.0", "1.2.1", "1.2.2"]
    assert {each.texts(0x00080054)[0] for each in instances} == {"PACSD"}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(0x0107, DELIVERED), (0x0110, AGAIN), (0x0213, AGAIN), (0x0122, REFUSED), (0x0106, REFUSED)],
)
async def test_what_it_answers_decides(status: int, outcome: DeliveryOutcome) -> None:
    async with answering_peer(peer_that_answers(status)) as destination:
        result = await target(destination).send(delivery(2))
    assert result.outcome is DELIVERED
    if outcome is DELIVERED:
        assert (result.exceptions, result.status) == ((), f"{status:04X}")
        return
    assert [each.sop_instance_uid for each in result.exceptions] == ["1.2.0", "1.2.1"]
    assert {(each.outcome, each.status) for each in result.exceptions} == {
        (outcome, f"{status:04X}")
    }
    assert result.exceptions[0].explanation.startswith(f"N-CREATE: {status:04X} ")


async def test_it_is_not_told_of_copies_that_nobody_could_retrieve() -> None:
    coerced = replace(delivery(1), coercion="research")
    tested = target(GONE)
    told = await tested.send(coerced)
    assert (told.outcome, told.exceptions) == (REFUSED, ())
    assert "no coerced copies here" in told.explanation
    assert await tested.send_copies(coerced, []) == told


async def test_one_that_is_away_is_told_later() -> None:
    result = await target(GONE).send(delivery(1))
    assert result.outcome is AGAIN
    assert "127.0.0.1:1" in result.explanation
    assert await target(GONE).check() == result.explanation


async def test_one_that_does_not_know_the_service_is_tried_again() -> None:
    async with serving(Setup()) as served:
        there = Destination(served.endpoint, "PACSD", "US")
        known = sending(several(0), peer_of(there, ae_title="PACSD"))
        tested = named_target(known, "notify:PACSD")
        assert await tested.check() is None
        result = await tested.send(delivery(1))
    assert result.outcome is AGAIN
    assert "accepted no context for Instance Availability Notification" in result.explanation


def test_the_prefix_says_what_a_peer_gets() -> None:
    known = sending(several(0), peer_of(GONE))
    assert isinstance(named_target(known, "peer:PEER"), PeerTarget)
    with pytest.raises(NotProvided, match="peer NOBODY is not in the peers file"):
        named_target(known, "notify:NOBODY")
