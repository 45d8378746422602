"""Associations we request, of our own listener and of peers that answer bytes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest

from pacsd.dicom.registry import VERIFICATION, Service, sop_classes
from pacsd.dimse.commands import CEchoRQ
from pacsd.net import errors
from pacsd.net.endpoint import Endpoint
from pacsd.net.query_retrieve_scu import QueryModel
from pacsd.net.scu import Destination, Timeouts, open_association, propose
from pacsd.net.settings import AESettings, DimseSettings
from pacsd.ul.rejection import UserReason
from tests.net.harness import (
    CT_IMAGE_STORAGE,
    LOOPBACK,
    RELEASE_RQ,
    Caller,
    Served,
    Setup,
    abort_pdu,
    serving,
    until,
)
from tests.net.receiving import Received

QUICK = Timeouts(connect_s=5, message_s=0.1, network_s=5, idle_s=300)


def ourselves(served: Served, called_ae: str = "PACSD") -> Destination:
    return Destination(served.endpoint, called_ae, "ME")


@asynccontextmanager
async def answering(
    answer: Callable[[Caller], Awaitable[None]],
) -> AsyncIterator[Destination]:
    """A peer that reads the A-ASSOCIATE-RQ and then does as it likes."""

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = Caller(reader, writer)
        await caller.pdu()
        await answer(caller)
        await caller.rest()
        writer.close()

    server = await asyncio.start_server(served, LOOPBACK, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Destination(Endpoint(LOOPBACK, port), "PEER", "ME")


async def test_echo_and_release() -> None:
    async with serving() as served:
        association = await open_association(ourselves(served))
        assert [await association.echo() for _ in range(3)] == [0, 0, 0]
        assert association.is_usable
        await association.release()
        assert not association.is_usable
        await until(lambda: served.count("pacsd_associations_total", outcome="released") == 1)


async def test_several_operations_within_the_window() -> None:
    async with serving() as served:
        association = await open_association(ourselves(served), operations_window=8)
        async with asyncio.TaskGroup() as tasks:
            echoes = [tasks.create_task(association.echo()) for _ in range(8)]
        assert {echo.result() for echo in echoes} == {0}
        await association.release()


async def test_the_peers_rejection_is_told() -> None:
    async with serving() as served:
        with pytest.raises(errors.Rejected) as refused:
            await open_association(ourselves(served, called_ae="WRONG"))
    reason = UserReason.CALLED_AE_TITLE_NOT_RECOGNIZED
    assert refused.value.rejection.reason == reason


async def test_a_class_the_peer_does_not_accept() -> None:
    find = sop_classes(Service.QUERY_RETRIEVE)[0].uid
    async with serving() as served:
        association = await open_association(
            ourselves(served), propose((VERIFICATION, CT_IMAGE_STORAGE, find))
        )
        assert association.context_for(CT_IMAGE_STORAGE).context_id == 3
        with pytest.raises(errors.NotAccepted):
            association.context_for(find)
        await association.release()


async def test_nobody_listens() -> None:
    with pytest.raises(errors.NotConnected, match=r"127\.0\.0\.1:1: "):
        await open_association(Destination(Endpoint(LOOPBACK, 1), "PEER", "ME"))


async def test_a_peer_that_aborts() -> None:
    async def aborts(caller: Caller) -> None:
        await caller.send(abort_pdu(0, 0))

    async with answering(aborts) as destination:
        with pytest.raises(errors.Aborted):
            await open_association(destination)


async def test_a_peer_that_hangs_up() -> None:
    async def hangs_up(caller: Caller) -> None:
        caller.writer.close()

    async with answering(hangs_up) as destination:
        with pytest.raises(errors.ConnectionLost):
            await open_association(destination)


async def test_a_peer_that_speaks_no_dicom() -> None:
    async def speaks_http(caller: Caller) -> None:
        await caller.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with answering(speaks_http) as destination:
        with pytest.raises(errors.ProtocolBroken, match="PDU type 48H does not exist"):
            await open_association(destination)


async def test_a_peer_that_never_answers() -> None:
    async def says_nothing(_: Caller) -> None:
        return

    async with answering(says_nothing) as destination:
        with pytest.raises(errors.ProtocolBroken, match=r"within 0\.1 s \(dimse_timeout_s\)"):
            await open_association(destination, timeouts=QUICK)


async def test_the_peer_may_ask_for_the_release() -> None:
    async with serving() as served:
        association = await open_association(ourselves(served))
        real = association._transport
        assert real is not None
        association._receive_buffer[: len(RELEASE_RQ)] = RELEASE_RQ
        association.buffer_updated(len(RELEASE_RQ))
        assert not association.is_usable
        with pytest.raises(errors.ConnectionLost, match="released"):
            await association.echo()


async def test_losing_the_association_fails_what_waits() -> None:
    async with serving() as served:
        association = await open_association(ourselves(served))
        await until(lambda: served.listener.open_associations() == 1)
        assert served.listener.abort(1, "an operator said so")
        await until(lambda: not association.is_usable)
        with pytest.raises(errors.Aborted):
            await association.perform(
                association.context_for(VERIFICATION),
                CEchoRQ(message_id=1, affected_sop_class_uid=VERIFICATION),
            )


async def test_aborting_twice_is_harmless() -> None:
    async with serving() as served:
        association = await open_association(ourselves(served))
        association.abort()
        association.abort()


def test_contexts_are_numbered_odd() -> None:
    contexts = propose(("1.2", "1.3"), ("1.2.840.10008.1.2",))
    assert [context.context_id for context in contexts] == [1, 3]


async def test_our_own_idle_association_ends_by_itself() -> None:
    setup = Setup(dimse=DimseSettings(idle_timeout_s=300))
    async with serving(setup) as served:
        brief = Timeouts(idle_s=0.05)
        association = await open_association(ourselves(served), timeouts=brief)
        await until(lambda: not association.is_usable)


async def test_extended_negotiation_is_proposed_and_its_answer_told() -> None:
    find, get = QueryModel.STUDY_ROOT.find, QueryModel.STUDY_ROOT.get
    proposed = {find: b"\1\0\1\1", get: b"\1", CT_IMAGE_STORAGE: b"\2"}
    async with serving() as served:
        association = await open_association(
            ourselves(served), propose((find, get, CT_IMAGE_STORAGE)), extended=proposed
        )
        agreed = association.session.negotiated
        assert agreed is not None
        assert agreed.extended == {find: b"\1\0\1\1", get: b"\1"}
        await association.release()


async def test_with_a_store_we_propose_to_be_scp_of_storage_classes() -> None:
    get, private = QueryModel.STUDY_ROOT.get, "1.3.12.2.1107.5.9.1"
    asked = (get, CT_IMAGE_STORAGE, private, CT_IMAGE_STORAGE)
    setup = Setup(ae=(AESettings(storage_sop_classes="any"),))
    async with serving(setup) as served, anyio.create_task_group() as tasks:
        association = await open_association(
            ourselves(served), propose(asked), store=Received().port(tasks)
        )
        agreed = association.session.negotiated
        assert agreed is not None
        roles = [
            (each.requestor_is_scu, each.requestor_is_scp) for each in agreed.contexts.values()
        ]
        assert roles == [(True, False), (False, True), (False, True), (False, True)]
        await association.release()
