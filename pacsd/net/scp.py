"""An association we accept: the SCP's side of one connection.

The pump feeds it events; each kind has its small handler. Work that waits - hooks, the disk - runs
in the listener's task group and comes back as a response.
"""

import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.archive.ingest import Ingest
from pacsd.dicom.status import Status
from pacsd.dimse.commands import CEchoRQ, CStoreRQ, Request, response_to
from pacsd.dimse.events import DataSetFragment, Event, RequestReceived, RequestRefused
from pacsd.dimse.session import Session
from pacsd.net.admission import Admitted, Gatekeeper, Refused
from pacsd.net.chronicle import Books, Chronicle
from pacsd.net.pump import Pause, Pump
from pacsd.net.recorder import Outcome
from pacsd.net.storage import Answer, Caller, Store, begin_store
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
from pacsd.ul.pdu import AssociateRJ, AssociateRQ
from pacsd.ul.states import State

Work = Callable[[], Coroutine[object, object, None]]
AcceptanceHook = Callable[[AssociationRequest], Awaitable[Refusal | None]]


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
    """What all accepted associations share. `hook` is None when no plugin implements it."""

    gatekeeper: Gatekeeper
    ingest: Ingest
    books: Books
    limits: Limits
    max_data_set_bytes: int
    network_timeout_s: float
    hook: AcceptanceHook | None = None


class AcceptedAssociation(Pump):
    """One connection that came in."""

    def __init__(self, desk: Desk, house: House, receive_buffer: memoryview) -> None:
        super().__init__(receive_buffer, desk.network_timeout_s)
        self._desk = desk
        self._house = house
        self._chronicle = Chronicle(desk.books, "")
        self._peer_port = 0
        self._admitted: Admitted | None = None
        self._receiving: dict[int, _Receiving] = {}
        self._unanswered = 0
        self._is_releasing = False

    @property
    def chronicle(self) -> Chronicle:
        """What is told of this association."""
        return self._chronicle

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come."""
        trace = self._chronicle.trace
        if trace is not None:
            trace.received(self._chronicle.number, self._receive_buffer[:nbytes])
        super().buffer_updated(nbytes)

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
        self._end("the peer broke the protocol")

    def failed(self, error: Exception) -> None:
        """A defect of ours: this association pays, no other does."""
        self._chronicle.failed(error)
        self._end("an internal error")

    def closed(self) -> None:
        """The connection is gone."""
        self._end("the connection is gone")
        association = self.session.association
        if association.wants_close:
            artim_s = self._desk.limits.artim_s
            why = f"no A-ASSOCIATE-RQ within {artim_s:g} s (PS3.8 section 9.1.5)"
            self._chronicle.silent(why, "dimse.artim_timeout_s")
        self._chronicle.closed(self.bytes_received, self.bytes_sent, association.oversized_pdus)
        self._house.left(self)

    def make_room(self) -> None:
        """Cut off: this connection has no association and is in the way."""
        self._chronicle.silent("newer connections needed its place, and it was the oldest", "")
        self.cut_off()

    def end_by_us(self, reason: str) -> None:
        """Abort the association, or just close: an operator or the shutdown asks for it."""
        self._chronicle.ended(Outcome.ABORTED_BY_US, reason)
        self._end(reason)
        self.abort_association()

    # The association

    def _requested(self, event: AssociateRequested) -> None:
        request = event.request
        self._chronicle.requested(request)
        decision = self._desk.gatekeeper.decide(request, self._chronicle.peer_address)
        if isinstance(decision, Refused):
            self._reject(decision)
        elif self._desk.hook is None:
            self._accept(decision)
        else:
            self._admitted = decision
            self._spawn(partial(self._ask, self._desk.hook, request), "acceptance")

    async def _ask(self, hook: AcceptanceHook, request: AssociateRQ) -> None:
        refusal = await hook(_hook_request(request, self._chronicle.peer_address, self._peer_port))
        admitted, self._admitted = self._admitted, None
        if admitted is None or self.session.association.state is not State.STA3:
            return  # the peer did not wait
        if refusal is None:
            self._accept(admitted)
        else:
            self._desk.gatekeeper.give_back(admitted)
            rejection = AssociateRJ(refusal.result, refusal.source, refusal.reason)
            self._reject(Refused(rejection, refusal.explanation))
        self.flush()

    def _accept(self, admitted: Admitted) -> None:
        self._admitted = admitted
        entity, peer = admitted.ae, admitted.peer
        self.session.patience = entity.patience
        association = self.session.association
        negotiated = association.accept(entity.terms(peer), entity.limits_for(peer))
        self._chronicle.accepted(negotiated)
        self._house.established(self)

    def _reject(self, refused: Refused) -> None:
        self._chronicle.refused(
            refused.rejection, refused.why, refused.key, is_alert=refused.is_alert
        )
        self.session.association.reject(refused.rejection, self.now())

    def _refused(self, event: AssociateRefused) -> None:
        self._chronicle.requested(event.request)
        self._chronicle.refused(event.rejection, event.why, "", is_alert=False)

    def _release_requested(self, _: ReleaseRequested) -> None:
        self._chronicle.ended(Outcome.RELEASED)
        self._give_up_receiving("released before the data set was complete")
        self._is_releasing = True
        self._release_if_answered()

    def _release_if_answered(self) -> None:
        """Answer the release behind the last response: PS3.8 section 9.2, AR-7 allows for it."""
        if self._is_releasing and not self._unanswered:
            self._is_releasing = False
            self.session.association.respond_release(self.now())
            self._end("released")

    def _aborted(self, event: Aborted) -> None:
        reason = f"A-ABORT({event.source},{event.reason})"
        self._chronicle.ended(Outcome.ABORTED_BY_PEER, reason)
        self._end(reason)

    def _lost(self, _: ConnectionLost) -> None:
        self._chronicle.ended(Outcome.LOST)

    def _end(self, reason: str) -> None:
        """There is no association any more: nothing half received stays, the place is free."""
        self._give_up_receiving(reason)
        admitted, self._admitted = self._admitted, None
        if admitted is not None:
            self._desk.gatekeeper.give_back(admitted)
            self._house.ended(self)

    def _give_up_receiving(self, reason: str) -> None:
        for receiving in self._receiving.values():
            self._spawn(partial(receiving.store.abort, reason), "give up an object")
        self._receiving.clear()

    # Operations

    def _request(self, event: RequestReceived) -> None:
        perform = self._PERFORM.get(type(event.request), AcceptedAssociation._unrecognized)
        perform(self, event.context, event.request)

    def _echo(self, _: PresentationContext, request: CEchoRQ) -> None:
        now = self.now()
        self._respond(request, Answer(Status.SUCCESS), 0, now)

    def _store(self, context: PresentationContext, request: CStoreRQ) -> None:
        admitted = self._admitted
        if admitted is None:
            return
        caller = Caller(
            calling_ae=admitted.calling_ae,
            called_ae=admitted.ae.title,
            address=self._chronicle.peer_address,
        )
        store = begin_store(
            self._desk.ingest, context, request, caller, time.time_ns() // 1000, self._drained
        )
        self._receiving[request.message_id] = _Receiving(request, store, self.now())

    def _unrecognized(self, _: PresentationContext, request: Request) -> None:
        answer = Answer(Status.UNRECOGNIZED_OPERATION)
        if request.has_data_set:
            self._receiving[request.message_id] = _Receiving(
                request, Store(None, answer), self.now()
            )
        else:
            self._respond(request, answer, 0, self.now())

    def _fragment(self, event: DataSetFragment) -> None:
        receiving = self._receiving.get(event.message_id)
        if receiving is None:
            return
        store = receiving.store
        store.write(event.data)
        if event.is_last:
            del self._receiving[event.message_id]
            self._unanswered += 1
            self._spawn(partial(self._finish, receiving), "store an object")
        elif store.is_congested:
            self.pause_reading(Pause.BACKLOG)

    def _drained(self) -> None:
        self.resume_reading(Pause.BACKLOG)

    async def _finish(self, receiving: "_Receiving") -> None:
        answer = await receiving.store.finish()
        self._unanswered -= 1
        if self.session.association.is_established:
            self._respond(
                receiving.request, answer, receiving.store.data_set_bytes, receiving.started_s
            )
            self._release_if_answered()
            self.flush()

    def _respond(
        self, request: Request, answer: Answer, data_set_bytes: int, started_s: float
    ) -> None:
        now = self.now()
        if answer.comment:
            response = response_to(request, answer.status, error_comment=answer.comment)
        else:
            response = response_to(request, answer.status)
        self.session.respond(response, now)
        if self._chronicle.trace is not None:
            self._chronicle.trace.command(self._chronicle.number, "<<", response)
        self._chronicle.operation(request, answer.status, data_set_bytes, started_s, now)

    def _request_refused(self, event: RequestRefused) -> None:
        self._chronicle.unreadable(event.error)

    def _spawn(self, work: Work, name: str) -> None:
        self._house.spawn(partial(self._contained, work), name)

    async def _contained(self, work: Work) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - caught once, at the association
            self.fail(error)

    _HANDLERS: ClassVar[dict[type, Callable[..., None]]] = {
        AssociateRequested: _requested,
        AssociateRefused: _refused,
        ReleaseRequested: _release_requested,
        Aborted: _aborted,
        ConnectionLost: _lost,
        RequestReceived: _request,
        RequestRefused: _request_refused,
        DataSetFragment: _fragment,
    }
    _PERFORM: ClassVar[dict[type[Request], Callable[..., None]]] = {
        CEchoRQ: _echo,
        CStoreRQ: _store,
    }


@dataclass(frozen=True, slots=True)
class _Receiving:
    """An operation whose data set is on its way."""

    request: Request
    store: Store
    started_s: float


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
