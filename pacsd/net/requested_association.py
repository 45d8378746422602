"""An association we requested: it performs operations, up to the negotiated window at once.

`scu` opens it. It is used until it is released or aborted.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar

import anyio

from pacsd.dicom.registry import VERIFICATION, uid_name
from pacsd.dicom.status import Status
from pacsd.dimse.commands import CEchoRQ, Request, Response, response_to
from pacsd.dimse.events import Event, RequestReceived, ResponseReceived
from pacsd.dimse.session import Patience, Session
from pacsd.net import errors
from pacsd.net.pump import Pump
from pacsd.ul.association import Association, Limits
from pacsd.ul.errors import RemoteProtocolError
from pacsd.ul.events import (
    Aborted,
    AssociateAccepted,
    AssociateRejected,
    ConnectionLost,
    ReleaseConfirmed,
    ReleaseRequested,
)
from pacsd.ul.negotiation import Negotiated, PresentationContext
from pacsd.ul.pdu import AssociateRQ, Buffer

RELEASE_GRACE_S = 5.0
"""How long a peer may take to answer an A-RELEASE-RQ before the connection is closed."""

_RECEIVE_BUFFER_BYTES = 65_536


class RequestedAssociation(Pump):
    """One connection we opened. Made by `scu.open_association`."""

    def __init__(
        self, request: AssociateRQ, limits: Limits, patience: Patience, network_timeout_s: float
    ) -> None:
        super().__init__(memoryview(bytearray(_RECEIVE_BUFFER_BYTES)), network_timeout_s)
        self._request = request
        self._limits = limits
        self._patience = patience
        self._negotiated: asyncio.Future[Negotiated] = self._loop.create_future()
        self._is_over = asyncio.Event()
        self._responses: dict[int, asyncio.Future[Response]] = {}
        self._turn = anyio.Lock()
        self._may_write = asyncio.Event()
        self._failure: errors.AssociationError | None = None

    @property
    def is_usable(self) -> bool:
        """Whether operations can be invoked."""
        return self._failure is None and self.is_connected and self.session.is_established

    async def negotiated(self) -> Negotiated:
        """What was agreed on, as soon as it is.

        Raises:
            AssociationError: the association was not accepted.
        """
        return await asyncio.shield(self._negotiated)

    def context_for(self, abstract_syntax: str) -> PresentationContext:
        """The first accepted presentation context for an abstract syntax.

        Raises:
            NotAccepted: there is none.
        """
        agreed = self.session.negotiated
        for context in agreed.contexts.values() if agreed else ():
            if context.abstract_syntax == abstract_syntax:
                return context
        raise errors.NotAccepted(f"the peer accepted no context for {uid_name(abstract_syntax)}")

    async def echo(self) -> int:
        """C-ECHO (PS3.7 section 9.1.5): the status of the response."""
        context = self.context_for(VERIFICATION)
        request = CEchoRQ(
            message_id=self.session.next_message_id(), affected_sop_class_uid=VERIFICATION
        )
        return (await self.perform(context, request)).status

    async def perform(
        self,
        context: PresentationContext,
        request: Request,
        data_set: AsyncIterator[Buffer] | None = None,
    ) -> Response:
        """Invoke an operation, with its data set if it has one, and wait for its one response.

        The data set is taken in buffers no faster than the peer takes it: beside what the system
        buffers, at most WRITE_HIGH_WATER_BYTES and one buffer are unsent. They must not change
        afterwards. The request goes out with the first of them, so an error before it has no
        consequences. A later one, or cancellation, aborts the association: half a message cannot
        be taken back.

        Raises:
            AssociationError: the association ended before the response came.
            LocalCommandError: the window is full, or the Message ID in use.
            Exception: whatever `data_set` raises.
        """
        if data_set is None:
            self._invoke(context, request)
            with self._expecting(request) as response:
                return await response
        first = await anext(data_set, b"")
        with self._expecting(request) as response:
            async with self._turn:  # in one direction messages do not interleave
                self._invoke(context, request)
                await self._send_data_set(request.message_id, first, data_set)
            return await response

    def begin_release(self) -> None:
        """Ask for the release; the connection closes when the peer has answered."""
        if self.is_usable:
            self.session.release(self.now())
            self.flush()
        else:
            self.close()

    async def release(self) -> None:
        """Release the association, or close it on a peer that does not answer in time."""
        self.begin_release()
        with anyio.move_on_after(RELEASE_GRACE_S):
            await self._is_over.wait()
        self.abort()

    def abort(self) -> None:
        """End the association now; nothing happens if it has ended."""
        if self.is_connected:
            self.abort_association()
            self.close()

    def resume_writing(self) -> None:
        """The peer takes data again."""
        super().resume_writing()
        self._may_write.set()

    # What the pump asks

    def connected(self, now: float) -> Session:
        """The connection is open: the A-ASSOCIATE-RQ goes out."""
        association = Association.requestor(self._limits, self._request, now)
        association.transport_connected(now)
        return Session(association, now, self._patience)

    def handle(self, event: Event) -> None:
        """One of the handlers below."""
        handler = self._HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    def broken(self, error: RemoteProtocolError) -> None:
        """The peer broke the protocol, or our patience is at its end."""
        self._fail(errors.ProtocolBroken(str(error)))
        self.flush()
        self.close()

    def failed(self, error: Exception) -> None:
        """A defect of ours."""
        failure = errors.AssociationError("an internal error ended the association")
        failure.__cause__ = error
        self._fail(failure)

    def cut(self, why: str) -> None:
        """The peer takes nothing any more."""
        self._fail(errors.ProtocolBroken(why))

    def closed(self) -> None:
        """The connection is gone."""
        self._fail(errors.ConnectionLost("the connection closed"))
        self._is_over.set()

    def _invoke(self, context: PresentationContext, request: Request) -> None:
        if self._failure is not None:
            raise self._failure
        self.session.request(context, request, self.now())
        self.flush()
        self._acknowledge_at_once()

    @contextmanager
    def _expecting(self, request: Request) -> Iterator["asyncio.Future[Response]"]:
        response: asyncio.Future[Response] = self._loop.create_future()
        self._responses[request.message_id] = response
        try:
            yield response
        finally:
            del self._responses[request.message_id]
            if response.done() and not response.cancelled():
                response.exception()  # it may be that nobody got to ask

    async def _send_data_set(
        self, message_id: int, part: Buffer, following: AsyncIterator[Buffer]
    ) -> None:
        try:
            async for more in following:
                await self._send_part(message_id, part, is_last=False)
                part = more
            await self._send_part(message_id, part, is_last=True)
        except BaseException:
            self._fail(errors.BrokenOff("a data set could not be sent to its end"))
            self.abort()
            raise

    async def _send_part(self, message_id: int, part: Buffer, *, is_last: bool) -> None:
        if self._failure is not None:
            raise self._failure
        self._may_write.clear()
        self.session.send_data_set(message_id, part, is_last=is_last, now=self.now())
        self.flush()
        if is_last:
            self._acknowledge_at_once()
        if self.is_write_paused and self._failure is None:
            await self._may_write.wait()

    def _acknowledge_at_once(self) -> None:
        """Have the system not delay the TCP acknowledgement of what comes next.

        DCMTK up to 3.6.7 at least, and so Orthanc and many others, writes a response in two parts
        and by default (Nagle's algorithm) the second when the first is acknowledged: that would
        cost 40 ms for each operation.
        """
        own = None if self._transport is None else self._transport.get_extra_info("socket")
        if own is not None and hasattr(socket, "TCP_QUICKACK"):
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _accepted(self, event: AssociateAccepted) -> None:
        if not self._negotiated.done():
            self._negotiated.set_result(event.negotiated)

    def _rejected(self, event: AssociateRejected) -> None:
        self._fail(errors.Rejected(event.rejection))

    def _aborted(self, event: Aborted) -> None:
        self._fail(errors.Aborted(event.source, event.reason))

    def _lost(self, _: ConnectionLost) -> None:
        self._fail(errors.ConnectionLost("the peer closed the connection"))

    def _responded(self, event: ResponseReceived) -> None:
        response = self._responses.get(event.response.message_id_being_responded_to)
        if response is not None and not response.done():
            response.set_result(event.response)

    def _requested(self, event: RequestReceived) -> None:
        """The peer invokes an operation of us; we offer none in this role."""
        answer = response_to(event.request, Status.UNRECOGNIZED_OPERATION)
        self.session.respond(answer, self.now())

    def _release_requested(self, _: ReleaseRequested) -> None:
        self._fail(errors.ConnectionLost("the peer released the association"))
        self.session.respond_release(self.now())

    def _released(self, _: ReleaseConfirmed) -> None:
        self._fail(errors.ConnectionLost("the association was released"))

    def _fail(self, failure: errors.AssociationError) -> None:
        """Whoever waits learns of the first failure; the ones behind it are its consequences."""
        self._failure = self._failure or failure
        self._may_write.set()
        for response in self._responses.values():
            if not response.done():
                response.set_exception(self._failure)
        if not self._negotiated.done():
            self._negotiated.set_exception(self._failure)
            self._negotiated.exception()  # it may be that nobody is left to ask

    _HANDLERS: ClassVar[dict[type, Callable[..., None]]] = {
        AssociateAccepted: _accepted,
        AssociateRejected: _rejected,
        Aborted: _aborted,
        ConnectionLost: _lost,
        ResponseReceived: _responded,
        RequestReceived: _requested,
        ReleaseRequested: _release_requested,
        ReleaseConfirmed: _released,
    }
