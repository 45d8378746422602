"""An association we requested: it performs operations, up to the negotiated window at once.

`scu` opens it. It is used until it is released or aborted.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from functools import partial
from typing import ClassVar

import anyio

from pacsd.dicom.registry import VERIFICATION, uid_name
from pacsd.dicom.status import Status
from pacsd.dimse.commands import (
    CEchoRQ,
    CStoreRQ,
    NEventReportRQ,
    Request,
    Response,
    response_to,
)
from pacsd.dimse.events import DataSetFragment, Event, RequestReceived, ResponseReceived
from pacsd.dimse.session import Patience, Session
from pacsd.net import errors
from pacsd.net.invoking import Invoker
from pacsd.net.pump import Pause, Pump
from pacsd.net.responses import Work
from pacsd.net.sub_operations import NOTHING_SERVED, Ports, SubOperations
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
        self,
        request: AssociateRQ,
        limits: Limits,
        patience: Patience,
        network_timeout_s: float,
        ports: Ports = NOTHING_SERVED,
    ) -> None:
        super().__init__(memoryview(bytearray(_RECEIVE_BUFFER_BYTES)), network_timeout_s)
        self._request = request
        self._limits = limits
        self._patience = patience
        self._negotiated: asyncio.Future[Negotiated] = self._loop.create_future()
        self._is_over = asyncio.Event()
        self.made_at_s = self._loop.time()
        self._invoker = Invoker(self)
        self._ports = ports
        self._stores: SubOperations[CStoreRQ] | None = None
        self._reports: SubOperations[NEventReportRQ] | None = None
        if ports.store is not None:
            roles = request.user_information.role_selections
            classes = {role.sop_class_uid for role in roles if role.scp_role}
            self._stores = SubOperations(self, ports.store.begin, classes)
        if ports.reports is not None:
            proposed = {context.abstract_syntax for context in request.contexts}
            self._reports = SubOperations(self, ports.reports.begin, proposed)

    @property
    def is_usable(self) -> bool:
        """Whether operations can be invoked."""
        return self._invoker.failure is None and self.is_connected and self.session.is_established

    async def negotiated(self) -> Negotiated:
        """What was agreed on, as soon as it is.

        Raises:
            AssociationError: the association was not accepted.
        """
        return await asyncio.shield(self._negotiated)

    def context_for(self, abstract_syntax: str) -> PresentationContext:
        """The first accepted presentation context for an abstract syntax that we are SCU of.

        Raises:
            NotAccepted: there is none.
        """
        for context in self.session.contexts_as_scu():
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
        """Invoke an operation and wait for its response; see `Invoker.perform`."""
        return await self._invoker.perform(context, request, data_set)

    def responses(
        self, context: PresentationContext, request: Request, identifier: bytes
    ) -> AsyncGenerator[tuple[Response, bytes], None]:
        """Invoke an operation and give its responses; see `Invoker.responses`."""
        return self._invoker.responses(context, request, identifier)

    def begin_release(self) -> None:
        """Ask for the release; the connection closes when the peer has answered."""
        if self.is_usable:
            self.session.release(self.now())
            self.flush()
        else:
            self.close()

    async def release(self) -> None:
        """Release the association, or close it on a peer that does not answer in time."""
        try:
            with anyio.move_on_after(RELEASE_GRACE_S):
                await self._invoker.settled()
                self.begin_release()
                await self._is_over.wait()
        finally:
            self.abort()

    def abort(self) -> None:
        """End the association now; nothing happens if it has ended."""
        if self.is_connected:
            self.abort_association()
            self.close()

    def break_off(self, why: str) -> None:  # noqa: ARG002 - the invoker has told why
        """End the association now, in the middle of an operation."""
        self.abort()

    def resume_writing(self) -> None:
        """The peer takes data again."""
        super().resume_writing()
        self._invoker.writable()

    # The line of its sub-operations

    def spawn(self, work: Work, name: str) -> None:
        """Run work that waits; a defect in it ends this association."""
        port = self._ports.store or self._ports.reports
        if port is not None:
            port.spawn(partial(self._contained, work), name)

    def respond(self, response: Response) -> bool:
        """Send a response; False if the association is gone."""
        if self.session.is_established:
            self.session.respond(response, self.now())
            self.flush()
            return True
        return False

    def is_congested(self, *, is_so: bool) -> None:
        """Pause the socket while data sets come faster than they are written."""
        if is_so:
            self.pause_reading(Pause.BACKLOG)
        else:
            self.resume_reading(Pause.BACKLOG)

    # What the pump asks

    def connected(self, now: float) -> Session:
        """The connection is open: the A-ASSOCIATE-RQ goes out."""
        association = Association.requestor(self._limits, self._request, now)
        association.transport_connected(now)
        store = self._ports.store
        longest = 0 if store is None else store.max_data_set_bytes
        return Session(association, now, self._patience, longest)

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

    async def _contained(self, work: Work) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - caught once, at the association
            self.fail(error)

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
        self._invoker.responded(event)

    def _requested(self, event: RequestReceived) -> None:
        """The peer invokes an operation of us: a C-STORE of our C-GET, or a report, is offered."""
        request = event.request
        if self._stores is not None and isinstance(request, CStoreRQ):
            self._stores.requested(event.context, request)
        elif (
            self._reports is not None
            and isinstance(request, NEventReportRQ)
            and request.has_data_set
        ):
            self._reports.requested(event.context, request)
        else:
            self.respond(response_to(request, Status.UNRECOGNIZED_OPERATION))

    def _fragment(self, event: DataSetFragment) -> None:
        if event.is_response:
            self._invoker.fragment(event)
        else:
            for each in self._served():
                each.fragment(event)

    def _served(self) -> Iterator[SubOperations[CStoreRQ] | SubOperations[NEventReportRQ]]:
        """What the peer may invoke."""
        if self._stores is not None:
            yield self._stores
        if self._reports is not None:
            yield self._reports

    def _release_requested(self, _: ReleaseRequested) -> None:
        self._fail(errors.ConnectionLost("the peer released the association"))
        self.session.respond_release(self.now())

    def _released(self, _: ReleaseConfirmed) -> None:
        self._fail(errors.ConnectionLost("the association was released"))

    def _fail(self, failure: errors.AssociationError) -> None:
        self._invoker.fail(failure)
        for each in self._served():
            each.give_up(str(failure))
        if not self._negotiated.done():
            self._negotiated.set_exception(failure)
            self._negotiated.exception()  # it may be that nobody is left to ask

    _HANDLERS: ClassVar[dict[type, Callable[..., None]]] = {
        AssociateAccepted: _accepted,
        AssociateRejected: _rejected,
        Aborted: _aborted,
        ConnectionLost: _lost,
        ResponseReceived: _responded,
        RequestReceived: _requested,
        DataSetFragment: _fragment,
        ReleaseRequested: _release_requested,
        ReleaseConfirmed: _released,
    }
