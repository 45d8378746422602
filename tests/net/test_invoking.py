"""Operations with several responses: in order, no faster than taken, cancelled by leaving.

Those with one response are tested in test_requested_association.py.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import pytest

from pacsd.dimse.commands import CFindRQ, Request, Response
from pacsd.net import errors, several_responses
from pacsd.net.pump import Pause
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import Destination, Timeouts, open_association, propose
from pacsd.net.several_responses import MAX_WAITING_BYTES, MAX_WAITING_RESPONSES
from tests.net.answering_peer import (
    CANCEL,
    PENDING,
    STUDY_ROOT_FIND,
    SUCCESS,
    AnsweringConnection,
    AnsweringPeer,
    answering_peer,
    answers,
)
from tests.net.harness import until

QUICK, PATIENT = Timeouts(message_s=0.2), Timeouts()
Responses = AsyncGenerator[tuple[Response, bytes], None]


async def opened(
    destination: Destination, timeouts: Timeouts = PATIENT, window: int = 1
) -> RequestedAssociation:
    return await open_association(
        destination, propose([STUDY_ROOT_FIND]), timeouts=timeouts, operations_window=window
    )


def find(association: RequestedAssociation, identifier: bytes = b"keys") -> Responses:
    request = CFindRQ(
        message_id=association.session.next_message_id(), affected_sop_class_uid=STUDY_ROOT_FIND
    )
    return association.responses(association.context_for(STUDY_ROOT_FIND), request, identifier)


async def taken(responses: Responses) -> list[tuple[int, bytes]]:
    async with aclosing(responses):
        return [(response.status, data_set) async for response, data_set in responses]


class Endless:
    """Pending responses for ever, as fast as they are taken, whatever is cancelled."""

    def __init__(self, identifier: bytes) -> None:
        self.identifier = identifier
        self.sent = 0

    def perform(self, connection: AnsweringConnection, request: Request, _: bytes) -> None:
        if connection.is_closing:
            return
        for _turn in range(64):
            if connection.is_write_paused:
                break
            connection.respond(request, PENDING, self.identifier)
            self.sent += 1
        connection._loop.call_later(0.001, self.perform, connection, request, b"")


async def test_each_response_comes_with_its_data_set_and_the_final_one_last() -> None:
    peer = AnsweringPeer(answers(b"one", bytes(50_000), b"three"))
    async with answering_peer(peer) as destination:
        association = await opened(destination)
        assert await taken(find(association)) == [
            (PENDING, b"one"),
            (PENDING, bytes(50_000)),
            (PENDING, b"three"),
            (SUCCESS, b""),
        ]
        assert await taken(find(association, b"")) != []
        await association.release()
    assert [identifier for _, identifier in peer.asked] == [b"keys", b""]
    assert (peer.cancelled, peer.released) == ([], 1)


async def test_a_final_response_may_have_a_data_set() -> None:
    def perform(connection: AnsweringConnection, request: Request, _: bytes) -> None:
        connection.respond(request, 0xB001, b"last words")

    async with answering_peer(AnsweringPeer(perform)) as destination:
        association = await opened(destination)
        assert await taken(find(association)) == [(0xB001, b"last words")]
        await association.release()


async def test_several_operations_at_once_each_get_their_own() -> None:
    def perform(connection: AnsweringConnection, request: Request, identifier: bytes) -> None:
        connection.respond(request, PENDING, identifier)
        if len(peer.asked) == 2:
            for each, _ in peer.asked:
                connection.respond(each, SUCCESS)

    peer = AnsweringPeer(perform, window=2)
    async with answering_peer(peer) as destination:
        association = await opened(destination, window=2)
        results: dict[bytes, list[tuple[int, bytes]]] = {}

        async def ask(keys: bytes) -> None:
            results[keys] = await taken(find(association, keys))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, b"a")
            tasks.start_soon(ask, b"b")
        await association.release()
    assert results == {key: [(PENDING, key), (SUCCESS, b"")] for key in (b"a", b"b")}


@pytest.mark.parametrize("identifier", [b"small", bytes(300_000)], ids=["many", "large"])
async def test_d42_no_more_is_read_than_is_taken(identifier: bytes) -> None:
    endless = Endless(identifier)
    async with answering_peer(AnsweringPeer(endless.perform)) as destination:
        association = await opened(destination)
        async with aclosing(find(association)) as responses:
            await anext(responses)
            await until(lambda: Pause.RESPONSES in association._pauses)
            (several,) = association._invoker._several.values()
            received = association.bytes_received
            await anyio.wait_all_tasks_blocked()
            assert association.bytes_received == received
            # Beside what is allowed to wait, one receive buffer of responses of 100 bytes.
            assert len(several._waiting) <= MAX_WAITING_RESPONSES + 65_536 // 100
            assert several._waiting_bytes <= MAX_WAITING_BYTES + len(identifier) + 65_536
            for _ in range(2_000 if len(identifier) < 10 else 20):
                await anext(responses)
        association.abort()


async def test_d43_leaving_cancels_and_what_still_comes_is_dropped() -> None:
    """The next operation waits for the end of the one that was left."""

    def perform(connection: AnsweringConnection, request: Request, identifier: bytes) -> None:
        connection.respond(request, PENDING, b"first")
        if identifier == b"again":
            connection.respond(request, SUCCESS)

    def cancel(connection: AnsweringConnection, request: Request) -> None:
        connection.respond(request, PENDING, b"too late")
        connection.respond(request, CANCEL)

    peer = AnsweringPeer(perform, cancel)
    async with answering_peer(peer) as destination:
        association = await opened(destination)
        responses = find(association)
        assert (await anext(responses))[1] == b"first"
        await responses.aclose()
        assert await taken(find(association, b"again")) == [(PENDING, b"first"), (SUCCESS, b"")]
        assert association.is_usable
        await association.release()
    assert peer.cancelled == [1]
    assert peer.released == 1


async def test_d43_nothing_is_cancelled_that_is_over() -> None:
    peer = AnsweringPeer(answers())
    async with answering_peer(peer) as destination:
        association = await opened(destination)
        responses = find(association)
        assert (await anext(responses))[0].status == SUCCESS
        await responses.aclose()
        await association.release()
    assert peer.cancelled == []


async def test_d43_what_was_never_begun_needs_no_cancel() -> None:
    peer = AnsweringPeer(answers())
    async with answering_peer(peer) as destination:
        association = await opened(destination)
        await find(association).aclose()
        await association.release()
    assert (peer.asked, peer.cancelled) == ([], [])


async def test_a_cancelled_task_cancels_its_operation() -> None:
    peer = AnsweringPeer(
        lambda *_: None, lambda connection, request: connection.respond(request, CANCEL)
    )
    async with answering_peer(peer) as destination:
        association = await opened(destination)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(taken, find(association))
            await until(lambda: bool(peer.asked))
            tasks.cancel_scope.cancel()
        await association.release()
    assert (peer.cancelled, peer.released) == ([1], 1)


async def test_d43_a_peer_that_goes_on_after_the_cancel_is_aborted() -> None:
    peer = AnsweringPeer(Endless(b"more").perform)
    async with answering_peer(peer) as destination:
        association = await opened(destination, QUICK)
        responses = find(association)
        await anext(responses)
        await responses.aclose()
        with pytest.raises(errors.ProtocolBroken, match=r"cancelled operation within 0\.2 s"):
            await taken(find(association))
        assert not association.is_usable
        await until(lambda: peer.aborted == 1)
    assert peer.cancelled == [1]


async def test_releasing_waits_for_the_end_of_what_was_left() -> None:
    def cancel(connection: AnsweringConnection, request: Request) -> None:
        connection._loop.call_later(0.05, connection.respond, request, CANCEL)

    peer = AnsweringPeer(lambda *_: None, cancel)
    async with answering_peer(peer) as destination:
        association = await opened(destination)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(taken, find(association))
            await until(lambda: bool(peer.asked))
            tasks.cancel_scope.cancel()
        await association.release()
    assert (peer.released, peer.aborted) == (1, 0)


async def test_leaving_an_association_that_we_ended_harms_nobody() -> None:
    async with answering_peer(AnsweringPeer(Endless(b"more").perform)) as destination:
        association = await opened(destination)
        responses = find(association)
        await anext(responses)
        association.abort()
        await responses.aclose()
        await until(lambda: not association._invoker._left)


async def test_a_response_longer_than_any_ends_the_association(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(several_responses, "MAX_IDENTIFIER_BYTES", 99_999)
    async with answering_peer(AnsweringPeer(answers(bytes(100_000)))) as destination:
        association = await opened(destination)
        with pytest.raises(errors.ProtocolBroken, match="a response's data set of more than"):
            await taken(find(association))
        assert not association.is_usable


async def test_a_peer_that_dies_half_way_fails_what_waits_behind_what_has_come() -> None:
    def perform(connection: AnsweringConnection, request: Request, _: bytes) -> None:
        connection.respond(request, PENDING, b"one")
        connection._loop.call_later(0.01, connection.cut_off)

    async with answering_peer(AnsweringPeer(perform)) as destination:
        association = await opened(destination)
        responses = find(association)
        assert (await anext(responses))[1] == b"one"
        with pytest.raises(errors.ConnectionLost):
            await anext(responses)
        with pytest.raises(errors.ConnectionLost):
            await taken(find(association))


async def test_a_peer_that_owes_the_final_response_is_not_waited_for_without_end() -> None:
    peer = AnsweringPeer(lambda connection, request, _: connection.respond(request, PENDING, b"1"))
    async with answering_peer(peer) as destination:
        association = await opened(destination, QUICK)
        with pytest.raises(errors.ProtocolBroken, match=r"no response within 0\.2 s"):
            await taken(find(association))
