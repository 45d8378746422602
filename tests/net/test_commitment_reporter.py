"""Results told to peers, over their associations and over ours."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from pacsd.archive.commitments import CommitmentReport, Reported, ReportFate, Safe
from pacsd.archive.finding import IndexUnavailable
from pacsd.net.commitment_reporter import IDLE_S, CommitmentReporter
from pacsd.net.commitment_scu import CommitmentSCU
from pacsd.net.destination_places import DestinationPlaces
from pacsd.net.endpoint import Endpoint
from pacsd.net.kept_associations import KeptAssociations
from pacsd.net.peers import Peer, PeerBook
from pacsd.net.scu import Destination, Timeouts
from pacsd.net.settings import AESettings
from tests.net.committing_peer import KEPT, LOST, RESULT, Desk, action, calling
from tests.net.harness import PATIENCE_S, Served, Setup, serving
from tests.net.room import AskedForRoom

TAKEN, AGAIN, NEVER = ReportFate
REPORT = CommitmentReport("CT1", "PACSD", RESULT)


async def at_once(_: float) -> None:
    await anyio.lowlevel.checkpoint()


def reporter(
    desk: Desk,
    *peers: Peer,
    sleep: Callable[[float], Awaitable[None]] = at_once,
    kept: KeptAssociations | None = None,
) -> CommitmentReporter:
    book = PeerBook(peers)
    return CommitmentReporter(
        desk.lines, lambda: book, Timeouts(), DestinationPlaces(kept), sleep=sleep
    )


def peer_at(endpoint: Endpoint) -> Peer:
    return Peer(ae_title="CT1", host=endpoint.host, port=endpoint.port)


class Asking:
    """Somebody who asks a listener and waits for the result on the same association."""

    def __init__(self, served: Served, desk: Desk) -> None:
        self.destination = Destination(served.endpoint, "PACSD", "CT1")
        self.desk = desk
        self.scu = CommitmentSCU(Timeouts(), lambda: "1.9")
        self.answers: list[tuple[Safe, str]] = []

    async def ask(self) -> None:
        answers = await self.scu.ask(self.destination, [KEPT, LOST], PATIENCE_S)
        self.answers = [(each.safe, each.why) for each in answers]


async def test_it_is_told_over_the_association_that_waits_for_it(logged: list[Any]) -> None:
    desk, slept = Desk(), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await anyio.lowlevel.checkpoint()

    async with serving(Setup(committing=desk.committing())) as served:
        asking = Asking(served, desk)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(asking.ask)
            await desk.changed.wait()
            tested = reporter(desk, sleep=sleep)
            while (told := await tested.report(REPORT)).fate is AGAIN:
                await anyio.lowlevel.checkpoint()
    assert told == Reported(TAKEN, "the same association")
    assert set(slept) == {IDLE_S}
    assert asking.answers == [(Safe.COMMITTED, ""), (Safe.FAILED, asking.answers[1][1])]
    assert asking.answers[1][1].startswith("0112 ")
    assert desk.lines.find("CT1", "1.9") is None
    (line,) = [each for each in logged if each["event"] == "storage commitment reported"]
    assert (line["committed"], line["not_committed"], line["log_level"]) == (1, 1, "warning")


async def test_it_is_told_over_a_new_one_where_that_has_ended() -> None:
    desk, peer = Desk(), Desk()
    own = (AESettings(), AESettings(title="CT1"))
    async with serving(Setup(ae=own, committing=peer.committing("PACSD"))) as listening:
        room = AskedForRoom()
        told = await reporter(desk, peer_at(listening.endpoint), kept=room).report(REPORT)
        assert told == Reported(TAKEN, "a new association")
    assert peer.results == [("PACSD", RESULT)]
    assert room.made == [("CT1", 0)]


async def test_who_left_in_between_is_called() -> None:
    desk, peer = Desk(), Desk()
    own = (AESettings(), AESettings(title="CT1"))
    async with (
        serving(Setup(ae=own, committing=peer.committing("PACSD"))) as listening,
        serving(Setup(committing=desk.committing())) as served,
    ):
        association = await calling(Destination(served.endpoint, "PACSD", "CT1"))
        assert (await action(association)).status == 0

        async def it_leaves(_: float) -> None:
            await association.release()

        tested = reporter(desk, peer_at(listening.endpoint), sleep=it_leaves)
        assert await tested.report(REPORT) == Reported(TAKEN, "a new association")
    assert len(peer.results) == 1


async def test_who_cannot_be_told_over_its_association_is_called() -> None:
    """Such as one that knows no N-EVENT-REPORT there."""
    desk, peer = Desk(), Desk()
    own = (AESettings(), AESettings(title="CT1"))
    async with (
        serving(Setup(ae=own, committing=peer.committing("PACSD"))) as listening,
        serving(Setup(committing=desk.committing())) as served,
    ):
        association = await calling(Destination(served.endpoint, "PACSD", "CT1"))
        assert (await action(association)).status == 0
        told = await reporter(desk, peer_at(listening.endpoint)).report(REPORT)
        assert told == Reported(TAKEN, "a new association")
        await association.release()


async def test_without_an_address_such_a_one_is_given_up() -> None:
    desk = Desk()
    async with serving(Setup(committing=desk.committing())) as served:
        association = await calling(Destination(served.endpoint, "PACSD", "CT1"))
        assert (await action(association)).status == 0
        told = await reporter(desk).report(REPORT)
        assert told.fate is NEVER
        assert told.why.startswith("N-EVENT-REPORT over the same association: 0211 ")
        await association.release()


async def test_one_that_is_in_use_is_tried_again() -> None:
    desk = Desk(gate=anyio.Event())
    assert desk.gate is not None
    async with serving(Setup(committing=desk.committing())) as served:
        association = await calling(Destination(served.endpoint, "PACSD", "CT1"))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(action, association)
            await desk.changed.wait()
            told = await reporter(desk).report(REPORT)
            assert told == Reported(AGAIN, "its association is in use all the time")
            assert desk.lines.find("CT1", "1.9") is not None
            desk.gate.set()
        await association.release()


@pytest.mark.parametrize(
    ("peers", "why"),
    [
        ((), "is not in the peers file"),
        ((Peer(ae_title="CT1"),), "has no host and port in the peers file"),
    ],
)
async def test_who_cannot_be_called_is_given_up(peers: tuple[Peer, ...], why: str) -> None:
    told = await reporter(Desk(), *peers).report(REPORT)
    assert told == Reported(NEVER, f"peer CT1 {why}, and its association has ended")


async def test_d48_who_is_not_there_is_tried_again() -> None:
    told = await reporter(Desk(), peer_at(Endpoint("127.0.0.1", 1))).report(REPORT)
    assert told.fate is AGAIN
    assert "127.0.0.1:1" in told.why


@pytest.mark.parametrize(
    ("peer", "fate", "code"),
    [(Desk(transactions=()), NEVER, "0115"), (Desk(error=IndexUnavailable("full")), AGAIN, "0110")],
)
async def test_what_the_peer_answers_decides(peer: Desk, fate: ReportFate, code: str) -> None:
    own = (AESettings(), AESettings(title="CT1"))
    async with serving(Setup(ae=own, committing=peer.committing("PACSD"))) as listening:
        told = await reporter(Desk(), peer_at(listening.endpoint)).report(REPORT)
    assert told.fate is fate
    assert told.why.startswith(f"N-EVENT-REPORT over a new association: {code} ")


async def test_a_peer_without_the_service_is_tried_again() -> None:
    own = (AESettings(), AESettings(title="CT1", services=("verification",)))
    async with serving(Setup(ae=own)) as listening:
        told = await reporter(Desk(), peer_at(listening.endpoint)).report(REPORT)
    assert told == Reported(AGAIN, "the peer accepted no context for Storage Commitment")
