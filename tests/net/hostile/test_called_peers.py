"""Peers we call that misbehave: we end the association, say why, and wait for nobody for ever."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest

from pacsd.dimse.commands import response_to
from pacsd.net import errors
from pacsd.net.endpoint import Endpoint
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import Destination, Timeouts, open_association
from pacsd.ul import decode, encode
from pacsd.ul.negotiation import answer
from pacsd.ul.pdu import AssociateAC
from tests.dimse.conversations import TERMS
from tests.net.harness import LOOPBACK, Caller, abort_pdu, command, data_set, echo_rq, until

SHORT = Timeouts(connect_s=5, message_s=0.1, network_s=0.1, idle_s=5)
PATIENT = Timeouts(connect_s=5, message_s=10, network_s=10, idle_s=10)
Behave = Callable[[Caller], Awaitable[None]]


@asynccontextmanager
async def calling(behave: Behave) -> AsyncIterator[Destination]:
    """A peer that behaves as told towards whoever calls it."""
    ended = anyio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behave(Caller(reader, writer))
        finally:
            writer.close()
            ended.set()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Destination(Endpoint(LOOPBACK, port), "PEER", "PACSD")
        with anyio.fail_after(30):
            await ended.wait()


async def accept(peer: Caller) -> AssociateAC:
    request = decode.decode_associate_rq(memoryview(await peer.pdu())[6:])
    accepted = answer(request, TERMS)
    await peer.send(encode.encode_associate_ac(accepted))
    return accepted


async def opened(destination: Destination, timeouts: Timeouts) -> RequestedAssociation:
    return await open_association(destination, timeouts=timeouts)


async def test_a_peer_that_answers_with_what_is_no_pdu_is_aborted() -> None:
    told: list[bytes] = []

    async def behave(peer: Caller) -> None:
        await peer.pdu()
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        told.append(await peer.rest())

    async with calling(behave) as destination:
        with pytest.raises(errors.ProtocolBroken, match="PDU type 48H does not exist"):
            await opened(destination, PATIENT)
    assert told == [abort_pdu(2, 1)]


async def test_a_peer_that_does_not_answer_the_request_is_given_up() -> None:
    told: list[bytes] = []

    async def behave(peer: Caller) -> None:
        await peer.pdu()
        told.append(await peer.rest())

    async with calling(behave) as destination:
        with pytest.raises(errors.ProtocolBroken, match=r"within 0\.1 s \(dimse_timeout_s\)"):
            await opened(destination, SHORT)
    assert told == [abort_pdu(0, 0)]


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(command(response_to(echo_rq(99), 0)), id="to a Message ID never used"),
        pytest.param(data_set(context_id=1), id="a data set instead"),
        pytest.param(b"", id="none"),
    ],
)
async def test_a_peer_that_answers_an_operation_wrongly_is_aborted(response: bytes) -> None:
    told: list[bytes] = []

    async def behave(peer: Caller) -> None:
        await accept(peer)
        await peer.pdu()
        await peer.send(response)
        told.append(await peer.rest())

    async with calling(behave) as destination:
        association = await opened(destination, SHORT)
        with pytest.raises(errors.ProtocolBroken):
            await association.echo()
        assert not association.is_usable
        with pytest.raises(errors.ProtocolBroken):
            await association.echo()
    assert told == [abort_pdu(0, 0)]


async def test_a_peer_that_aborts_or_vanishes_is_told_apart() -> None:
    async def abort(peer: Caller) -> None:
        await accept(peer)
        await peer.pdu()
        await peer.send(abort_pdu(2, 6))

    async def vanish(peer: Caller) -> None:
        await accept(peer)
        await peer.pdu()
        peer.reset()

    async with calling(abort) as destination:
        association = await opened(destination, PATIENT)
        with pytest.raises(errors.Aborted, match=r"AB\(2,6\)"):
            await association.echo()
    async with calling(vanish) as destination:
        association = await opened(destination, PATIENT)
        with pytest.raises(errors.ConnectionLost):
            await association.echo()


async def test_a_peer_that_never_answers_the_release_is_closed_on() -> None:
    told: list[bytes] = []

    async def behave(peer: Caller) -> None:
        await accept(peer)
        assert (await peer.pdu())[0] == 5
        told.append(await peer.rest())

    async with calling(behave) as destination:
        association = await opened(destination, SHORT)
        await association.release()
        await until(lambda: association.is_closing)
    assert told == [abort_pdu(0, 0)]
