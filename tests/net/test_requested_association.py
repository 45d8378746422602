"""Operations with data sets: back-pressure, several outstanding, cancellation."""

from collections.abc import AsyncGenerator

import anyio
import pytest

from pacsd.dimse.commands import CEchoRQ, CStoreRQ
from pacsd.net import errors
from pacsd.net.data_sets import CHUNK_BYTES
from pacsd.net.pump import WRITE_HIGH_WATER_BYTES, Pause
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import Timeouts, open_association, propose
from tests.net.harness import until
from tests.net.storing_peer import CT, StoringPeer, storing

VERIFICATION = "1.2.840.10008.1.1"


async def zeros(count: int, taken: list[int]) -> AsyncGenerator[bytes, None]:
    for number in range(count):
        taken.append(number)
        yield bytes(CHUNK_BYTES)


def request(association: RequestedAssociation) -> CStoreRQ:
    return CStoreRQ(
        message_id=association.session.next_message_id(),
        affected_sop_class_uid=CT,
        affected_sop_instance_uid="1.2.3",
    )


async def test_no_more_is_taken_than_the_peer_takes() -> None:
    peer, taken = StoringPeer(reads=False), list[int]()
    chunks = 200
    async with storing(peer) as destination, anyio.create_task_group() as tasks:
        association = await open_association(destination, propose([CT]))
        context = association.context_for(CT)

        async def store() -> None:
            data_set = zeros(chunks, taken)
            assert (await association.perform(context, request(association), data_set)).status == 0

        tasks.start_soon(store)
        await until(lambda: association.is_write_paused)
        # One buffer is under way, the next is looked at to know whether there is one.
        unsent = association._transport.get_write_buffer_size()  # type: ignore[union-attr]
        assert unsent <= WRITE_HIGH_WATER_BYTES + CHUNK_BYTES + 65_536
        stopped_at = len(taken)
        await anyio.wait_all_tasks_blocked()
        assert len(taken) == stopped_at < chunks
        peer.connections[0].resume_reading(Pause.BACKLOG)
    assert len(taken) == chunks
    assert len(peer.stored[0].data_set) == chunks * CHUNK_BYTES


async def test_several_operations_are_outstanding_within_the_window() -> None:
    peer = StoringPeer(window=4, holds=4)
    async with storing(peer) as destination:
        association = await open_association(destination, propose([CT]), operations_window=4)
        context = association.context_for(CT)
        statuses: list[int] = []

        async def store() -> None:
            data_set = zeros(2, [])
            answer = await association.perform(context, request(association), data_set)
            statuses.append(answer.status)

        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(store)
        await association.release()
    assert statuses == [0] * 4
    assert peer.most_open == 4
    assert {len(each.data_set) for each in peer.stored} == {2 * CHUNK_BYTES}


async def test_an_operation_without_data_set_waits_behind_a_data_set() -> None:
    peer = StoringPeer(supported={CT: frozenset({"1.2.840.10008.1.2"})}, window=2)
    async with storing(peer) as destination, anyio.create_task_group() as tasks:
        association = await open_association(destination, propose([CT]), operations_window=2)
        context = association.context_for(CT)
        gate = anyio.Event()

        async def gated() -> AsyncGenerator[bytes, None]:
            yield b"12"
            yield b"34"
            await gate.wait()

        tasks.start_soon(association.perform, context, request(association), gated())
        await anyio.wait_all_tasks_blocked()
        echo = CEchoRQ(message_id=9, affected_sop_class_uid=VERIFICATION)
        tasks.start_soon(association.perform, context, echo)
        await anyio.wait_all_tasks_blocked()
        gate.set()
        await until(lambda: bool(peer.stored))
        association.abort()
        tasks.cancel_scope.cancel()
    assert peer.stored[0].data_set == b"1234"


async def test_cancellation_within_a_data_set_ends_the_association() -> None:
    peer = StoringPeer(reads=False)
    async with storing(peer) as destination:
        association = await open_association(destination, propose([CT]))
        context = association.context_for(CT)
        async with anyio.create_task_group() as tasks:
            data_set = zeros(200, [])
            tasks.start_soon(association.perform, context, request(association), data_set)
            await until(lambda: association.is_write_paused)
            tasks.cancel_scope.cancel()
        assert not association.is_usable
        with pytest.raises(errors.BrokenOff):
            await association.perform(context, request(association), zeros(1, []))


async def test_a_peer_that_takes_nothing_is_not_waited_for_without_end() -> None:
    peer = StoringPeer(reads=False)
    async with storing(peer) as destination:
        association = await open_association(
            destination, propose([CT]), timeouts=Timeouts(network_s=0.1)
        )
        with pytest.raises(errors.ProtocolBroken, match=r"took nothing for 0\.1 s"):
            await association.perform(
                association.context_for(CT), request(association), zeros(200, [])
            )


async def test_the_peers_abort_within_a_data_set_is_told() -> None:
    peer = StoringPeer()
    async with storing(peer) as destination:
        association = await open_association(destination, propose([CT]))

        async def data_set() -> AsyncGenerator[bytes, None]:
            yield b"12"
            yield b"34"
            peer.connections[0].abort_association()
            await until(lambda: not association.is_usable)
            yield b"56"

        with pytest.raises(errors.Aborted):
            await association.perform(association.context_for(CT), request(association), data_set())


async def test_an_empty_data_set_is_a_message_too() -> None:
    peer = StoringPeer()
    async with storing(peer) as destination:
        association = await open_association(destination, propose([CT]))
        answer = await association.perform(
            association.context_for(CT), request(association), zeros(0, [])
        )
        await association.release()
    assert answer.status == 0
    assert peer.stored[0].data_set == b""
