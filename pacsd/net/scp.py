"""An association we accept: the SCP's side of one connection.

The pump feeds it events; each kind has its small handler. Operations are its performer's business;
what waits - hooks, the disk - runs in the listener's task group.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Protocol

from pacsd.api.acceptance import AssociationClosed, AssociationRequest, Refusal
from pacsd.archive.instance import DEFAULT_POLICY
from pacsd.dimse.commands import Request, Response
from pacsd.dimse.events import (
    CancelReceived,
    DataSetFragment,
    Event,
    RequestReceived,
    RequestRefused,
    ResponseReceived,
)
from pacsd.dimse.session import Session
from pacsd.net import errors
from pacsd.net.admission import PLUGINS, Admitted, Gatekeeper, Refused
from pacsd.net.chronicle import Books, Chronicle
from pacsd.net.identity import NOT_RECOGNIZED, POSITIVE_RESPONSE, login_of
from pacsd.net.invoking import Invoker
from pacsd.net.performer import Performer, Services
from pacsd.net.permissions import Logins, StayingLogin
from pacsd.net.pump import Pause, Pump
from pacsd.net.recorder import Outcome
from pacsd.net.responses import Work
from pacsd.net.storage import Caller
from pacsd.ul.association import Association, Limits
from pacsd.ul.errors import RemoteProtocolError
from pacsd.ul.events import (
    Aborted,
    AssociateRefused,
    AssociateRequested,
    ConnectionLost,
    ReleaseRequested,
)
from pacsd.ul.negotiation import PresentationContext
from pacsd.ul.pdu import AssociateRJ, AssociateRQ, Buffer

AcceptanceHook = Callable[[AssociationRequest], Awaitable[Refusal | None]]
ClosedHook = Callable[[AssociationClosed], Coroutine[object, object, None]]


class House(Protocol):
    """What a connection needs of the listener it came in by."""

    def spawn(self, work: Work, name: str) -> None:
        """Run work that waits; what it raises is its own business."""

    def arrived(self, connection: "AcceptedAssociation") -> None:
        """A connection is open, without an association yet."""

    def established(self, connection: "AcceptedAssociation") -> None:
        """It has an association."""

    def ended(self, connection: "AcceptedAssociation") -> None:
        """It has none any more; the connection may stay open a while."""

    def left(self, connection: "AcceptedAssociation") -> None:
        """The connection is gone."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What all accepted associations share.

    Hooks give who is asked now; None as long as no plugin implements them. As long as nobody
    answers `logins`, a user identity means nothing.
    """

    gatekeeper: Gatekeeper
    services: Services
    books: Books
    limits: Limits
    max_data_set_bytes: int
    network_timeout_s: float
    hook: Callable[[], AcceptanceHook | None] = lambda: None
    closed_hook: Callable[[], ClosedHook | None] = lambda: None
    logins: Logins | None = None
    names_are_exact: bool = False


class AcceptedAssociation(Pump):
    """One connection that came in."""

    def __init__(self, desk: Desk, house: House, receive_buffer: memoryview) -> None:
        super().__init__(receive_buffer, desk.network_timeout_s)
        self._desk = desk
        self._house = house
        self._chronicle: Chronicle
        self._peer_port = 0
        self._admitted: Admitted | None = None
        self._login: StayingLogin | None = None
        self._performer: Performer | None = None
        self._invoker = Invoker(self)
        self._is_releasing = False

    @property
    def chronicle(self) -> Chronicle:
        """What is told of this association."""
        return self._chronicle

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come."""
        trace = self._chronicle.trace
        if trace is not None:
            # Before that there may be a user identity in it, which is a secret.
            is_shown = self._performer is not None
            data = self._receive_buffer[:nbytes]
            trace.received(self._chronicle.number, data, is_shown=is_shown)
        super().buffer_updated(nbytes)

    def resume_writing(self) -> None:
        """The peer takes data again."""
        super().resume_writing()
        self._invoker.writable()

    def wrote(self, out: Sequence[Buffer]) -> None:
        """A trace shows what is sent, too."""
        trace = self._chronicle.trace
        if trace is not None:
            trace.sent(self._chronicle.number, out)

    # What the pump asks

    def connected(self, now: float) -> Session:
        """A peer has opened the connection: ARTIM runs (PS3.8 section 9.2, AE-5)."""
        address, self._peer_port = self.peer_name()
        self._chronicle = Chronicle(self._desk.books, address)
        self._desk.books.metrics.connections.inc()
        self._house.arrived(self)
        association = Association.acceptor(self._desk.limits, now)
        return Session(association, now, max_data_set_bytes=self._desk.max_data_set_bytes)

    def handle(self, event: Event) -> None:
        """One of the handlers below."""
        trace = self._chronicle.trace
        if trace is not None:
            trace.event(self._chronicle.number, event)
        handler = self._HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    def broken(self, error: RemoteProtocolError) -> None:
        """The peer broke the protocol: nothing half stays."""
        self._chronicle.violated(error)
        self._invoker.fail(errors.ProtocolBroken(str(error)))
        self._end("the peer broke the protocol")

    def failed(self, error: Exception) -> None:
        """A defect of ours: this association pays, no other does."""
        self._chronicle.failed(error)
        self._end("an internal error")

    def cut(self, why: str) -> None:
        """The peer takes nothing any more."""
        self._chronicle.ended(Outcome.ABORTED_BY_US, why)

    def closed(self) -> None:
        """The connection is gone."""
        self._end("the connection is gone")
        if self.session.wants_close:
            artim_s = self._desk.limits.artim_s
            why = f"no A-ASSOCIATE-RQ within {artim_s:g} s (PS3.8 section 9.1.5)"
            self._chronicle.silent(why, "dimse.artim_timeout_s")
        self._chronicle.closed(self.bytes_received, self.bytes_sent, self.session.oversized_pdus)
        self._tell_closed()
        self._house.left(self)

    def _tell_closed(self) -> None:
        """Tell the plugins, of an association that was established; they delay nobody."""
        closed, hook = self._chronicle.told_closed(), self._desk.closed_hook()
        if closed is not None and hook is not None:
            self._house.spawn(partial(hook, closed), "hook: association closed")

    def make_room(self) -> None:
        """Cut off: this connection has no association and is in the way."""
        self._chronicle.silent("newer connections needed its place, and it was the oldest", "")
        self.cut_off()

    def end_by_us(self, reason: str) -> None:
        """Abort the association, or just close: an operator or the shutdown asks for it."""
        self._chronicle.ended(Outcome.ABORTED_BY_US, reason)
        self._end(reason)
        self.abort_association()

    def hurry(self, idle_s: float) -> None:
        """We shut down: wait for the next operation no longer than `idle_s`."""
        self.session.patience = self.session.patience.shortened(idle_s, "shutdown_idle_s")
        self.flush()

    # The association

    def _requested(self, event: AssociateRequested) -> None:
        request = event.request
        self._chronicle.requested(request)
        decision = self._desk.gatekeeper.decide(request, self._chronicle.peer_address)
        logins = self._desk.logins
        has_logins = logins is not None and logins.are_asked_for
        is_login = has_logins and request.user_information.user_identity
        if isinstance(decision, Refused):
            self._reject(decision)
        elif self._desk.hook() is None and not is_login:
            self._accept(decision)
        else:
            self._admitted = decision
            self.spawn(partial(self._ask, request), "acceptance")

    async def _ask(self, request: AssociateRQ) -> None:
        """Whoever logs in has to be known; then the plugins are asked that decide by then."""
        refused = await self._refusal_of_login(request)
        hook = self._desk.hook()
        if refused is None and hook is not None and self._admitted is not None:
            said = await hook(_hook_request(request, self._chronicle.peer_address, self._peer_port))
            if said is not None:
                rejection = AssociateRJ(said.result, said.source, said.reason)
                refused = Refused(rejection, said.explanation, PLUGINS)
        admitted, self._admitted = self._admitted, None
        if admitted is None:
            return  # the peer did not wait
        if refused is None:
            self._accept(admitted)
        else:
            self._desk.gatekeeper.give_back(admitted)
            self._reject(refused)

    async def _refusal_of_login(self, request: AssociateRQ) -> Refused | None:
        """Why the user identity is no good; None when it is, or nobody is asked about it."""
        identity, logins = request.user_information.user_identity, self._desk.logins
        if identity is None or logins is None or not logins.are_asked_for:
            return None
        login = login_of(identity, self._chronicle.peer_address)
        if login is not None:
            known = await logins.known(login)
            if known is not None:
                self._login = StayingLogin(logins, login, known)
                return None
        kind = f"user identity of type {identity.identity_type}"
        return Refused(NOT_RECOGNIZED, f"its {kind} is not recognized", PLUGINS)

    def _accept(self, admitted: Admitted) -> None:
        self._admitted = admitted
        entity, peer = admitted.ae, admitted.peer
        self.session.patience = entity.patience
        terms, limits = entity.terms(peer), entity.limits_for(peer)
        if self._login is not None:
            terms = replace(terms, user_identity_response=POSITIVE_RESPONSE)
        negotiated = self.session.accept(terms, limits, self.now())
        self._chronicle.accepted(negotiated)
        policy = peer.policy if peer is not None else DEFAULT_POLICY
        address = self._chronicle.peer_address
        caller = Caller(
            calling_ae=admitted.calling_ae,
            called_ae=entity.title,
            address=address,
            policy=policy,
            names_are_exact=self._desk.names_are_exact,
            extended=negotiated.extended,
            login=self._login,
        )
        self._performer = Performer(self, self._desk.services, caller, self._chronicle)
        self._house.established(self)

    def _reject(self, refused: Refused) -> None:
        self._chronicle.refused(
            refused.rejection, refused.why, refused.key, is_alert=refused.is_alert
        )
        self.session.reject(refused.rejection, self.now())

    def _refused(self, event: AssociateRefused) -> None:
        self._chronicle.requested(event.request)
        self._chronicle.refused(event.rejection, event.why, "", is_alert=False)

    def _release_requested(self, _: ReleaseRequested) -> None:
        self._chronicle.ended(Outcome.RELEASED)
        self._give_up("released before the data set was complete")
        # It answers nothing any more: PS3.8 table 9-10 lets a requestor send no P-DATA in Sta7.
        self._invoker.fail(errors.ConnectionLost("the peer released the association"))
        self._is_releasing = True
        self._release_if_answered()

    def _release_if_answered(self) -> None:
        """Answer the release behind the last response: PS3.8 section 9.2, AR-7 allows for it."""
        if self._is_releasing and (self._performer is None or self._performer.is_idle):
            self._is_releasing = False
            self.session.respond_release(self.now())
            self._end("released")

    def _aborted(self, event: Aborted) -> None:
        reason = f"A-ABORT({event.source},{event.reason})"
        self._chronicle.ended(Outcome.ABORTED_BY_PEER, reason)
        self._invoker.fail(errors.Aborted(event.source, event.reason))
        self._end(reason)

    def _lost(self, _: ConnectionLost) -> None:
        self._chronicle.ended(Outcome.LOST)

    def _end(self, reason: str) -> None:
        """There is no association any more: nothing half received stays, the place is free."""
        self._give_up(reason)
        self._invoker.fail(errors.AssociationError(reason))
        admitted, self._admitted = self._admitted, None
        if admitted is not None:
            self._desk.gatekeeper.give_back(admitted)
            self._house.ended(self)

    def _give_up(self, reason: str) -> None:
        if self._performer is not None:
            self._performer.give_up(reason)

    # The line of its performer

    def spawn(self, work: Work, name: str) -> None:
        """Run work that waits; a defect in it ends this association."""
        self._house.spawn(partial(self._contained, work), name)

    def respond(self, response: Response, data_set: bytes | None = None) -> bool:
        """Send a response with its data set, and behind the last one the answer to a release."""
        if not self.session.is_established:
            return False
        self.session.respond(response, self.now(), data_set)
        if self._chronicle.trace is not None:
            self._chronicle.trace.command(self._chronicle.number, "<<", response)
        self._release_if_answered()
        return True

    async def perform(
        self,
        context: PresentationContext,
        request: Request,
        data_set: AsyncIterator[Buffer] | None = None,
    ) -> Response:
        """Invoke an operation of the peer, such as a C-STORE sub-operation of its C-GET.

        See `Invoker.perform`.
        """
        if self._chronicle.trace is not None:
            self._chronicle.trace.command(self._chronicle.number, "<<", request)
        return await self._invoker.perform(context, request, data_set)

    async def until_writable(self) -> None:
        """Wait until the peer takes what we send; see `Invoker.until_writable`."""
        await self._invoker.until_writable()

    def break_off(self, why: str) -> None:
        """Abort in the middle of an operation that we invoked."""
        self.end_by_us(why)

    def is_congested(self, *, is_so: bool) -> None:
        """Pause the socket while data sets come faster than they are written."""
        if is_so:
            self.pause_reading(Pause.BACKLOG)
        else:
            self.resume_reading(Pause.BACKLOG)

    async def _contained(self, work: Work) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - caught once, at the association
            self.fail(error)
        self.flush()

    def _request(self, event: RequestReceived) -> None:
        if self._performer is not None:
            self._performer.requested(event)

    def _responded(self, event: ResponseReceived) -> None:
        self._invoker.responded(event)

    def _fragment(self, event: DataSetFragment) -> None:
        if event.is_response:
            self._invoker.fragment(event)
        elif self._performer is not None:
            self._performer.fragment(event)

    def _cancelled(self, event: CancelReceived) -> None:
        if self._performer is not None:
            self._performer.cancelled(event)

    def _request_refused(self, event: RequestRefused) -> None:
        self._chronicle.unreadable(event.error)

    _HANDLERS: ClassVar[dict[type, Callable[..., None]]] = {
        AssociateRequested: _requested,
        AssociateRefused: _refused,
        ReleaseRequested: _release_requested,
        Aborted: _aborted,
        ConnectionLost: _lost,
        RequestReceived: _request,
        RequestRefused: _request_refused,
        ResponseReceived: _responded,
        DataSetFragment: _fragment,
        CancelReceived: _cancelled,
    }


def _hook_request(request: AssociateRQ, host: str, port: int) -> AssociationRequest:
    info = request.user_information
    identity = info.user_identity
    return AssociationRequest(
        calling_ae=request.calling_ae,
        called_ae=request.called_ae,
        peer_host=host,
        peer_port=port,
        user_identity_type=identity.identity_type if identity else None,
        abstract_syntaxes=tuple(context.abstract_syntax for context in request.contexts),
        implementation_class_uid=info.implementation_class_uid,
        implementation_version_name=info.implementation_version_name,
    )
