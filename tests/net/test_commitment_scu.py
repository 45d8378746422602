"""Peers asked for storage commitment; the other end is our own listener."""

from collections.abc import Iterator
from itertools import count

import anyio
import pytest

from pacsd.archive.commitments import Safe, SafeAnswer, Sent, Taken
from pacsd.dicom.commitment import CommitmentResult, NotCommitted, Reference
from pacsd.net import commitment_scu
from pacsd.net.commitment_scu import CommitmentSCU, PeersAsked
from pacsd.net.endpoint import Endpoint
from pacsd.net.errors import PoolFull
from pacsd.net.kept_associations import KeptAssociations
from pacsd.net.late_results import LateResults
from pacsd.net.peers import Peer, PeerBook
from pacsd.net.scu import Destination, Timeouts
from pacsd.net.settings import AESettings
from tests.net.committing_peer import CT, KEPT, LOST, Desk
from tests.net.harness import PATIENCE_S, Served, Setup, serving, until
from tests.net.room import AskedForRoom


def sent(*references: Reference) -> list[Sent]:
    return [Sent(each, 1_000.0) for each in references]


def to(served: Served) -> Destination:
    return Destination(served.endpoint, "PACSD", "CT1")


def numbered(kept: KeptAssociations | None = None) -> CommitmentSCU:
    numbers: Iterator[int] = count(1)
    return CommitmentSCU(Timeouts(), lambda: f"1.{next(numbers)}", kept)


class Asked:
    """What a peer was asked, and what came of it."""

    def __init__(self, tested: CommitmentSCU, served: Served, *references: Reference) -> None:
        self.tested, self.served, self.references = tested, served, references
        self.answers: list[SafeAnswer] = []

    async def __call__(self) -> None:
        self.answers = await self.tested.ask(to(self.served), self.references, PATIENCE_S)

    def safe(self) -> list[Safe]:
        return [each.safe for each in self.answers]


async def test_the_result_comes_over_another_association() -> None:
    desk, room = Desk(), AskedForRoom()
    tested = numbered(room)
    async with serving(Setup(committing=desk.committing())) as served:
        asked = Asked(tested, served, KEPT, LOST)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(asked)
            await until(lambda: bool(desk.asked))
            failed = (NotCommitted(LOST, 0x0110),)
            assert await tested.heard("PACSD", CommitmentResult("1.1", (KEPT,), failed))
    assert asked.safe() == [Safe.COMMITTED, Safe.FAILED]
    assert asked.answers[1].why.startswith("0110 ")
    assert room.made == [("PACSD", 0)]
    assert desk.asked[0].request.references == (KEPT, LOST)


async def test_only_who_was_asked_is_heard_and_only_once() -> None:
    desk, tested = Desk(), numbered()
    async with serving(Setup(committing=desk.committing())) as served:
        asked = Asked(tested, served, KEPT)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(asked)
            await until(lambda: bool(desk.asked))
            assert not await tested.heard("ANOTHER", CommitmentResult("1.1", (KEPT,)))
            assert not await tested.heard("PACSD", CommitmentResult("1.2", (KEPT,)))
            assert await tested.heard("PACSD", CommitmentResult("1.1"))
            assert not await tested.heard("PACSD", CommitmentResult("1.1", (KEPT,)))
    assert asked.answers == [SafeAnswer(KEPT, Safe.UNKNOWN, "the peer's result does not name it")]
    assert not await tested.heard("PACSD", CommitmentResult("1.1", (KEPT,)))


async def test_many_are_asked_for_in_several_transactions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(commitment_scu, "TOGETHER", 2)
    desk, tested = Desk(), numbered()
    many = [Reference(CT, f"1.2.{number}") for number in range(5)]
    async with serving(Setup(committing=desk.committing())) as served:
        asked = Asked(tested, served, *many)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(asked)
            await until(lambda: len(desk.asked) == 3)
            for each in reversed(desk.asked):
                request = each.request
                said = CommitmentResult(request.transaction_uid, request.references)
                assert await tested.heard("PACSD", said)
    assert [each.reference for each in asked.answers] == many
    assert set(asked.safe()) == {Safe.COMMITTED}


async def test_no_result_within_the_time_is_no_promise() -> None:
    desk, tested = Desk(), numbered()
    async with serving(Setup(committing=desk.committing())) as served:
        answers = await tested.ask(to(served), [KEPT], 0.2)
        assert answers == [SafeAnswer(KEPT, Safe.UNKNOWN, "no result came within the time")]
    assert not await tested.heard("PACSD", CommitmentResult("1.1", (KEPT,)))


@pytest.mark.parametrize(("taken", "code"), [(Taken.FULL, "0213"), (Taken.DUPLICATE, "0131")])
async def test_a_peer_that_refuses_promises_nothing(taken: Taken, code: str) -> None:
    async with serving(Setup(committing=Desk(taken).committing())) as served:
        (answer,) = await numbered().ask(to(served), [KEPT], PATIENCE_S)
    assert answer.safe is Safe.UNKNOWN
    assert answer.why.startswith(f"N-ACTION: {code}")


async def test_a_peer_that_is_away_or_has_no_such_service_promises_nothing() -> None:
    gone = Destination(Endpoint("127.0.0.1", 1), "PACSD", "CT1")
    (answer,) = await numbered().ask(gone, [KEPT], PATIENCE_S)
    assert (answer.safe, "127.0.0.1:1" in answer.why) == (Safe.UNKNOWN, True)
    async with serving(Setup(ae=(AESettings(services=("verification",)),))) as served:
        (answer,) = await numbered().ask(to(served), [KEPT], PATIENCE_S)
    assert "accepted no context for Storage Commitment" in answer.why


async def test_so_many_are_waited_for_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commitment_scu, "MAX_PENDING", 1)
    monkeypatch.setattr(commitment_scu, "TOGETHER", 1)
    gone = Destination(Endpoint("127.0.0.1", 1), "PACSD", "CT1")
    with pytest.raises(PoolFull, match="0 results"):
        await numbered().ask(gone, [KEPT, LOST], PATIENCE_S)


async def test_transactions_have_uids_of_their_own() -> None:
    desk, tested = Desk(), CommitmentSCU(Timeouts())
    async with serving(Setup(committing=desk.committing())) as served:
        for _ in range(2):
            await tested.ask(to(served), [KEPT], 0.2)
    uids = {each.request.transaction_uid for each in desk.asked}
    assert len(uids) == 2
    assert all(uid.startswith("2.25.") for uid in uids)


async def test_peers_are_asked_by_their_titles(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, scu = Desk(Taken.FULL), numbered()
    async with serving(Setup(committing=desk.committing())) as served:
        there = served.endpoint
        book = PeerBook(
            [Peer(ae_title="PACSD", host=there.host, port=there.port), Peer(ae_title="CT1")]
        )
        tested = PeersAsked(scu, lambda: book, "US", LateResults())
        (answer,) = await tested.ask("PACSD", sent(KEPT), PATIENCE_S)
        assert answer.why.startswith("N-ACTION: 0213 ")
        assert desk.asked[0].peer_ae == "US"
        (answer,) = await tested.ask("CT1", sent(KEPT), PATIENCE_S)
        assert answer.why == "peer CT1 has no host and port in the peers file"
        (answer,) = await tested.ask("CT2", sent(KEPT), PATIENCE_S)
        assert answer.why == "peer CT2 is not in the peers file"
        monkeypatch.setattr(commitment_scu, "MAX_PENDING", 0)
        (answer,) = await tested.ask("PACSD", sent(KEPT), PATIENCE_S)
        assert answer == SafeAnswer(KEPT, Safe.UNKNOWN, answer.why)
        assert "waited for already" in answer.why


def book_of(served: Served) -> PeerBook:
    there = served.endpoint
    return PeerBook([Peer(ae_title="PACSD", host=there.host, port=there.port)])


async def test_who_owes_an_answer_is_not_asked_again_and_is_heard_later() -> None:
    desk, late = Desk(), LateResults()
    async with serving(Setup(committing=desk.committing())) as served:
        book = book_of(served)
        tested = PeersAsked(numbered(), lambda: book, "US", late)
        for _ in range(2):
            (answer,) = await tested.ask("PACSD", sent(KEPT), 0.2)
            assert answer.safe is Safe.UNKNOWN
        assert [each.request.transaction_uid for each in desk.asked] == ["1.1"]
        assert await late.heard("PACSD", CommitmentResult("1.1", (KEPT,)))
        assert await tested.ask("PACSD", sent(KEPT), 0.2) == [SafeAnswer(KEPT, Safe.COMMITTED)]
        assert len(desk.asked) == 1
        both = await tested.ask("PACSD", sent(LOST, KEPT), 0.2)
        assert [each.reference for each in both] == [LOST, KEPT]
        assert desk.asked[1].request.references == (LOST, KEPT)


@pytest.mark.parametrize("taken", [Taken.FULL, Taken.DUPLICATE])
async def test_who_took_nothing_owes_no_answer(taken: Taken) -> None:
    desk = Desk(taken)
    async with serving(Setup(committing=desk.committing())) as served:
        book = book_of(served)
        tested = PeersAsked(numbered(), lambda: book, "US", LateResults())
        for _ in range(2):
            await tested.ask("PACSD", sent(KEPT), PATIENCE_S)
    assert len(desk.asked) == 2


async def test_who_could_not_be_reached_in_time_owes_no_answer() -> None:
    late, gone = LateResults(), PeerBook([Peer(ae_title="PACSD", host="127.0.0.1", port=1)])
    tested = PeersAsked(numbered(), lambda: gone, "US", late)
    await tested.ask("PACSD", sent(KEPT), 0.2)
    assert late.take("PACSD", sent(KEPT)) == {}
