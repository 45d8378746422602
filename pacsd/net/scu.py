"""An association we request: the SCU's side of one connection.

`open_association` connects and negotiates. What it gives performs operations, up to the negotiated
window at once, until it is released or aborted.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import anyio

from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.registry import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    VERIFICATION,
    uid_name,
)
from pacsd.dicom.status import Status
from pacsd.dimse.commands import CEchoRQ, Request, Response, response_to
from pacsd.dimse.events import Event, RequestReceived, ResponseReceived
from pacsd.dimse.session import Patience, Session
from pacsd.net import errors
from pacsd.net.endpoint import Endpoint
from pacsd.net.pump import Pump
from pacsd.net.settings import DimseSettings
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
from pacsd.ul.items import OperationsWindow, UserInformation
from pacsd.ul.negotiation import Negotiated, PresentationContext
from pacsd.ul.pdu import AssociateRQ, ProposedContext

RELEASE_GRACE_S = 5.0
"""How long a peer may take to answer an A-RELEASE-RQ before the connection is closed."""

_RECEIVE_BUFFER_BYTES = 65_536

_OUR_LIMITS = Limits()
_UNCOMPRESSED = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)


@dataclass(frozen=True, slots=True)
class Destination:
    """Whom we call, under which name of ours."""

    endpoint: Endpoint
    called_ae: str
    calling_ae: str


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long we wait, in seconds: for the connection, a message or answer, a write to be taken.

    `idle_s` bounds an association without any operation.
    """

    connect_s: float = 10.0
    message_s: float = 60.0
    network_s: float = 30.0
    idle_s: float = 300.0

    @classmethod
    def of(cls, settings: DimseSettings) -> Self:
        """Those of [dimse]."""
        return cls(
            connect_s=settings.connect_timeout_s,
            message_s=settings.dimse_timeout_s,
            network_s=settings.network_timeout_s,
            idle_s=settings.idle_timeout_s,
        )


def propose(
    abstract_syntaxes: Sequence[str], transfer_syntaxes: Sequence[str] = _UNCOMPRESSED
) -> tuple[ProposedContext, ...]:
    """One presentation context for each abstract syntax, at most 128 of them."""
    return tuple(
        ProposedContext(2 * index + 1, uid, tuple(transfer_syntaxes))
        for index, uid in enumerate(abstract_syntaxes)
    )


async def open_association(
    destination: Destination,
    contexts: tuple[ProposedContext, ...] = propose((VERIFICATION,)),
    *,
    timeouts: Timeouts = Timeouts(),
    limits: Limits = _OUR_LIMITS,
    operations_window: int = 1,
) -> "RequestedAssociation":
    """Connect to a peer and negotiate an association.

    Raises:
        AssociationError: there is no association; the text says why.
    """
    window = OperationsWindow(operations_window, 1) if operations_window > 1 else None
    request = AssociateRQ(
        called_ae=destination.called_ae,
        calling_ae=destination.calling_ae,
        contexts=contexts,
        user_information=UserInformation(
            max_length=limits.max_length,
            implementation_class_uid=IMPLEMENTATION_CLASS_UID,
            implementation_version_name=IMPLEMENTATION_VERSION_NAME,
            operations_window=window,
        ),
    )
    association = await _connect(destination.endpoint, request, limits, timeouts)
    try:
        await association.negotiated()
    except BaseException:
        association.close()
        raise
    return association


async def _connect(
    endpoint: Endpoint, request: AssociateRQ, limits: Limits, timeouts: Timeouts
) -> "RequestedAssociation":
    loop = asyncio.get_running_loop()
    make = partial(RequestedAssociation, request, limits, timeouts)
    try:
        with anyio.fail_after(timeouts.connect_s):
            _, association = await loop.create_connection(make, endpoint.host, endpoint.port)
    except TimeoutError as error:
        text = f"{endpoint}: no connection within {timeouts.connect_s:g} s"
        raise errors.NotConnected(text) from error
    except OSError as error:
        raise errors.NotConnected(f"{endpoint}: {error.strerror or error}") from error
    return association


class RequestedAssociation(Pump):
    """One connection we opened. Made by `open_association`."""

    def __init__(self, request: AssociateRQ, limits: Limits, timeouts: Timeouts) -> None:
        super().__init__(memoryview(bytearray(_RECEIVE_BUFFER_BYTES)), timeouts.network_s)
        self._request = request
        self._limits = limits
        self._patience = Patience(message_s=timeouts.message_s, idle_s=timeouts.idle_s)
        self._negotiated: asyncio.Future[Negotiated] = self._loop.create_future()
        self._is_over = asyncio.Event()
        self._responses: dict[int, asyncio.Future[Response]] = {}
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

    async def perform(self, context: PresentationContext, request: Request) -> Response:
        """Invoke an operation that has no data set and wait for its one response.

        Raises:
            AssociationError: the association ended before the response came.
            LocalCommandError: the window is full, or the Message ID in use.
        """
        if self._failure is not None:
            raise self._failure
        self.session.request(context, request, self.now())
        response: asyncio.Future[Response] = self._loop.create_future()
        self._responses[request.message_id] = response
        self.flush()
        try:
            return await response
        finally:
            self._responses.pop(request.message_id, None)

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
