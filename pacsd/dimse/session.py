"""DIMSE messages over one association, without a socket (PS3.7 sections 6 to 10).

The same shape as `ul.Association`: bytes in, events out, bytes to send, one timer. The session
keeps open operations by Message ID; it can answer one request while the data set of another, or
of the same, is still being received.
"""

from collections import deque

from pacsd.dicom.status import Status, StatusCategory, category
from pacsd.dimse.command_codec import decode_command, encode_command, error_response
from pacsd.dimse.commands import CCancelRQ, Request, Response
from pacsd.dimse.errors import CommandError, LocalCommandError, MessageOrderError
from pacsd.dimse.events import (
    CancelReceived,
    DataSetFragment,
    Event,
    PDVsTaken,
    RequestReceived,
    RequestRefused,
    ResponseReceived,
)
from pacsd.dimse.incoming import CommandSet, Fragment, Incoming
from pacsd.dimse.operations import Operation, Operations
from pacsd.dimse.outgoing import Outgoing
from pacsd.dimse.patience import DEFAULT_PATIENCE, MIN_BYTES_PER_S, Pace, Patience, Wait
from pacsd.ul.association import Association, Limits
from pacsd.ul.errors import AbortReason, AbortSource, RemoteProtocolError
from pacsd.ul.events import PDataReceived
from pacsd.ul.negotiation import AcceptorTerms, Negotiated, PresentationContext
from pacsd.ul.pdu import PDV, AssociateRJ, Buffer
from pacsd.ul.states import State

__all__ = ["MAX_QUIET_PDVS", "Patience", "Session"]

MAX_QUIET_PDVS = 16
"""Taken in one call of `next_event` without an event of their own."""

_PEER_OWES = {
    State.STA5: "no answer to the A-ASSOCIATE-RQ",
    State.STA7: "no answer to the A-RELEASE-RQ",
    State.STA10: "no answer to the A-RELEASE-RQ",
    State.STA11: "no answer to the A-RELEASE-RQ",
}
"""The peer's answer that is due in a state, and what to say when it does not come."""


class Session:
    """DIMSE on top of an association, which it feeds and drains; use one or the other's methods."""

    __slots__ = (
        "_active_at",
        "_incoming",
        "_invoked",
        "_last_response",
        "_operations",
        "_outgoing",
        "_pace",
        "_pdvs",
        "_performing",
        "_receiving",
        "association",
        "patience",
    )

    def __init__(
        self,
        association: Association,
        now: float,
        patience: Patience = DEFAULT_PATIENCE,
        max_data_set_bytes: int = 0,
    ) -> None:
        self.association = association
        self.patience = patience
        """May be changed at any time; who the peer is shows only in its request."""
        self._incoming = Incoming(max_data_set_bytes)
        self._outgoing = Outgoing(association)
        self._performing = Operations()
        self._invoked = Operations()
        self._operations = 0
        self._pdvs: deque[PDV] = deque()
        self._receiving = (0, False)
        self._last_response: tuple[Response | None, bytes] = (None, b"")
        self._active_at = now
        self._pace = Pace(now)

    @property
    def open_requests(self) -> int:
        """How many of the peer's operations are open."""
        return len(self._performing)

    @property
    def window(self) -> int:
        """How many operations we may have outstanding (PS3.7 section D.3.3.3)."""
        return self._window(peer_invokes=False)

    # What is known of the association

    @property
    def negotiated(self) -> Negotiated | None:
        """See `Association.negotiated`."""
        return self.association.negotiated

    def contexts_as_scu(self) -> tuple[PresentationContext, ...]:
        """The accepted presentation contexts of the SOP classes that we are SCU of.

        PS3.7 section D.3.3.4; there are none before there is an association.
        """
        agreed, is_requestor = self.negotiated, self.association.is_requestor
        return tuple(
            context
            for context in (agreed.contexts.values() if agreed else ())
            if (context.requestor_is_scu if is_requestor else context.requestor_is_scp)
        )

    @property
    def is_established(self) -> bool:
        """See `Association.is_established`."""
        return self.association.is_established

    @property
    def wants_close(self) -> bool:
        """See `Association.wants_close`."""
        return self.association.wants_close

    @property
    def awaits_close(self) -> bool:
        """See `Association.awaits_close`."""
        return self.association.awaits_close

    @property
    def can_abort(self) -> bool:
        """See `Association.can_abort`."""
        return self.association.can_abort

    @property
    def oversized_pdus(self) -> int:
        """See `Association.oversized_pdus`."""
        return self.association.oversized_pdus

    # What the transport does

    def receive_data(self, data: Buffer, now: float) -> None:
        """Feed bytes; see `Association.receive_data`."""
        self._active_at = now
        self._pace.fed(len(data), now, is_in_message=self._incoming.is_in_message)
        self.association.receive_data(data, now)

    def hold(self) -> None:
        """Copy what is unread of the data fed, which its owner may then use again."""
        if self._pdvs and not isinstance(self._pdvs[0].data, bytes):  # of one PDU: all are views
            self._pdvs = deque(pdv._replace(data=bytes(pdv.data)) for pdv in self._pdvs)
        self.association.hold()

    def resumed(self, now: float) -> None:
        """We did not read for a while, by our own choice: waiting for the peer starts anew."""
        self._active_at = now
        self._pace.resumed(now)
        self.association.resumed(now)

    def connection_lost(self, now: float) -> None:
        """The transport connection closed: what was received and not asked for yet is void."""
        self._pdvs.clear()
        self.association.connection_lost(now)

    def next_event(self) -> Event | None:
        """The next event; None when more bytes are needed.

        Takes at most `MAX_QUIET_PDVS` PDVs; if all of them say nothing, the event is `PDVsTaken`.

        Raises:
            RemoteProtocolError: the peer broke the protocol; the A-ABORT is ready to be sent.
        """
        quiet = 0
        while True:
            while self._pdvs:
                event = self._receive(self._pdvs.popleft())
                if event is not None:
                    return event
                quiet += 1
                if quiet >= MAX_QUIET_PDVS:
                    return PDVsTaken(quiet)
            received = self.association.next_event()
            if not isinstance(received, PDataReceived):
                return received
            self._pdvs.extend(received.pdvs)

    def data_to_send(self) -> list[Buffer]:
        """What is to be written, in order."""
        return self.association.data_to_send()

    def get_timer(self) -> float | None:
        """When `handle_timer` is due: the association's timer, or the end of our patience."""
        inner, own = self.association.get_timer(), self._wait()
        if own is None:
            return inner
        return own.due if inner is None else min(inner, own.due)

    def handle_timer(self, now: float) -> None:
        """Let time pass.

        Raises:
            RemoteProtocolError: the peer kept us waiting too long; the A-ABORT is ready.
        """
        self.association.handle_timer(now)
        wait = self._wait()
        if wait is not None and now >= wait.due:
            raise self._abort(wait.why, now, is_timeout=True)

    # What the local user asks for

    def accept(self, terms: AcceptorTerms, limits: Limits | None, now: float) -> Negotiated:
        """A-ASSOCIATE response, positive; see `Association.accept`."""
        negotiated = self.association.accept(terms, limits)
        self._active_at = now
        return negotiated

    def reject(self, rejection: AssociateRJ, now: float) -> None:
        """A-ASSOCIATE response, negative."""
        self.association.reject(rejection, now)
        self._active_at = now

    def respond_release(self, now: float) -> None:
        """A-RELEASE response."""
        self.association.respond_release(now)
        self._active_at = now

    def request(self, context: PresentationContext, request: Request, now: float) -> None:
        """Invoke an operation; its data set, if it has one, follows by `send_data_set`.

        Raises:
            LocalCommandError: the Message ID is in use, the window is full, or another data set
                is still being sent.
        """
        if request.message_id in self._invoked:
            raise LocalCommandError(f"Message ID {request.message_id} is in use")
        if len(self._invoked) >= self._window(peer_invokes=False):
            raise LocalCommandError("the asynchronous operations window is full")
        command = encode_command(request)
        if request.has_data_set:
            self._outgoing.begin(context.context_id, command)
        else:
            self._outgoing.whole(context.context_id, command)
        self._invoked.open(self._operation(context, request))
        self._active_at = now

    def send_data_set(self, message_id: int, data: Buffer, *, is_last: bool, now: float) -> None:
        """Send a part, of any size, of the data set of the request invoked last.

        Raises:
            LocalCommandError: the data set of that operation is not being sent.
        """
        operation = self._invoked.get(message_id)
        if operation is None or not operation.awaits_data_set:
            raise LocalCommandError(f"no data set of Message ID {message_id} is being sent")
        self._outgoing.fragment(data, is_last=is_last)
        if is_last:
            self._invoked.data_set_ended(message_id)
        self._active_at = now

    def respond(self, response: Response, now: float, data_set: Buffer | None = None) -> None:
        """Answer an open operation of the peer's; a response that is not pending ends it.

        Raises:
            LocalCommandError: no operation of that Message ID awaits a response, or it comes
                with a data set that it does not announce, or without one that it does.
        """
        message_id = response.message_id_being_responded_to
        operation = self._performing.get(message_id)
        if operation is None or not operation.awaits_response:
            raise LocalCommandError(f"no operation with Message ID {message_id} awaits a response")
        if response.has_data_set is (data_set is None):
            raise LocalCommandError(f"{response.message_name}: the data set is not as announced")
        self._outgoing.whole(operation.context.context_id, self._encoded(response), data_set)
        if category(response.status) is not StatusCategory.PENDING:
            self._performing.responded(message_id)
        self._active_at = now

    def _encoded(self, response: Response) -> bytes:
        """Its command set; of a query the pending responses are all the same one."""
        last, command = self._last_response
        if response is not last:
            command = encode_command(response)
            self._last_response = response, command
        return command

    def cancel(self, message_id: int, now: float) -> None:
        """C-CANCEL an operation we invoked (PS3.7 section 9.3.2.3)."""
        operation = self._invoked.get(message_id)
        if operation is None:
            raise LocalCommandError(f"no operation with Message ID {message_id} is open")
        command = encode_command(CCancelRQ(message_id_being_responded_to=message_id))
        self._outgoing.whole(operation.context.context_id, command)
        self._active_at = now

    def release(self, now: float) -> None:
        """A-RELEASE request; the peer's answer is waited for as for a message."""
        self.association.release()
        self._active_at = now

    def abort(self, now: float) -> None:
        """A-ABORT request: A-ABORT(0, 0) goes out; nothing more of the peer's is carried out."""
        self._pdvs.clear()
        self.association.abort(now)

    def next_message_id(self) -> int:
        """A Message ID for the next request."""
        return self._invoked.next_message_id()

    # Receiving

    def _receive(self, pdv: PDV) -> Event | None:
        try:
            part = self._incoming.receive(pdv)
        except MessageOrderError as error:
            raise self._abort(str(error)) from error
        if isinstance(part, Fragment):
            return self._receive_fragment(part)
        if isinstance(part, CommandSet):
            return self._receive_command(part)
        return None

    def _receive_command(self, part: CommandSet) -> Event | None:
        context = self._context(part.context_id)
        self._pace.begin()
        try:
            command = decode_command(part.data)
        except CommandError as error:
            return self._refuse(context, error)
        if isinstance(command, Request):
            return self._receive_request(context, command)
        if isinstance(command, Response):
            return self._receive_response(context, command)
        message_id = command.message_id_being_responded_to
        return CancelReceived(message_id) if message_id in self._performing else None

    def _receive_request(self, context: PresentationContext, request: Request) -> Event | None:
        message_id = request.message_id
        if not self.association.is_established:
            self._incoming.drain()  # we asked for the release, so nothing can be answered
            return None
        if message_id in self._performing:
            return self._refuse(context, _duplicate_invocation(request))
        window = self._window(peer_invokes=True)
        if len(self._performing) >= window:
            raise self._abort(
                f"more than the negotiated {window} operations outstanding (PS3.7 D.3.3.3)"
            )
        self._performing.open(self._operation(context, request))
        self._expect_data_set(message_id, request)
        return RequestReceived(context, request)

    def _receive_response(self, context: PresentationContext, response: Response) -> Event:
        message_id = response.message_id_being_responded_to
        operation = self._invoked.get(message_id)
        if (
            operation is None
            or not operation.awaits_response
            or not isinstance(response, operation.response_type)
        ):
            raise self._abort(f"{response.message_name} to Message ID {message_id}, never asked")
        if category(response.status) is not StatusCategory.PENDING:
            self._invoked.responded(message_id)
        self._expect_data_set(message_id, response)
        return ResponseReceived(context, response)

    def _operation(self, context: PresentationContext, request: Request) -> Operation:
        self._operations += 1
        return Operation(
            request.message_id,
            context,
            request.has_data_set,
            response_type=request.response_type,
            number=self._operations,
        )

    def _expect_data_set(self, message_id: int, message: Request | Response) -> None:
        if message.has_data_set:
            self._incoming.expect_data_set()
            self._receiving = (message_id, isinstance(message, Response))

    def _receive_fragment(self, part: Fragment) -> Event:
        message_id, is_response = self._receiving
        if part.is_last:
            self._pace.begin()
            if not is_response:
                self._performing.data_set_ended(message_id)
        return DataSetFragment(message_id, is_response, part.data, part.is_last)

    def _refuse(self, context: PresentationContext, error: CommandError) -> Event | None:
        """Answer what can be answered; what data set may follow is dropped."""
        response = error_response(error)
        if response is None:
            raise self._abort(str(error)) from error
        self._incoming.drain()
        if not self.association.is_established:
            return None
        if self._outgoing.is_crowded:
            raise self._abort(f"too many messages wait for one more refusal: {error}") from error
        self._outgoing.whole(context.context_id, response)
        return RequestRefused(context, error)

    def _abort(
        self, text: str, now: float | None = None, *, is_timeout: bool = False
    ) -> RemoteProtocolError:
        """The peer broke DIMSE: as its service user, A-ABORT(0, 0) (PS3.7 section 8.1)."""
        self.abort(self._active_at if now is None else now)
        source, reason = AbortSource.SERVICE_USER, AbortReason.NOT_SPECIFIED
        return RemoteProtocolError(text, source, reason, is_timeout=is_timeout)

    def _context(self, context_id: int) -> PresentationContext:
        return self._negotiated.contexts[context_id]

    def _window(self, *, peer_invokes: bool) -> int:
        negotiated = self._negotiated
        if peer_invokes == self.association.is_requestor:
            return negotiated.acceptor_window
        return negotiated.requestor_window

    @property
    def _negotiated(self) -> Negotiated:
        negotiated = self.association.negotiated
        if negotiated is None:
            raise LocalCommandError("there is no association")
        return negotiated

    # Waiting

    def _wait(self) -> Wait | None:
        """What we now wait for; None if the peer owes us nothing, or may take for ever."""
        state = self.association.state
        if state is State.STA6:
            if self._incoming.is_in_message:
                return self._wait_for_message()
            if len(self._invoked) and self._invoked.newest > self._performing.newest:
                return self._wait_for("no response")
            return None if len(self._performing) else self._wait_for_operation()
        # Before and after an association ARTIM is the only timer.
        owed = _PEER_OWES.get(state)
        return None if owed is None else self._wait_for(owed)

    def _wait_for(self, owed: str) -> Wait | None:
        message_s = self.patience.message_s
        if not message_s:
            return None
        why = f"{owed} within {message_s:g} s (dimse_timeout_s)"
        return Wait(self._active_at + message_s, why)

    def _wait_for_message(self) -> Wait | None:
        wait = self._wait_for("the rest of a message did not come")
        if wait is None:
            return None
        too_slow_at = self._pace.due(self.patience.message_s)
        if wait.due <= too_slow_at:
            return wait
        pace = f"{MIN_BYTES_PER_S} bytes per second"
        return Wait(too_slow_at, f"a message came slower than {pace} (dimse_timeout_s)")

    def _wait_for_operation(self) -> Wait | None:
        idle_s = self.patience.idle_s
        if not idle_s:
            return None
        why = f"no operation for {idle_s:g} s ({self.patience.idle_key})"
        return Wait(self._active_at + idle_s, why)


def _duplicate_invocation(request: Request) -> CommandError:
    return CommandError(
        request.message_name,
        f"Message ID {request.message_id} is in use",
        "PS3.7 section 9.1",
        status=Status.DUPLICATE_INVOCATION,
        command_field=request.command_field,
        message_id=request.message_id,
        affected_sop_class_uid=request.sop_class_uid,
        affected_sop_instance_uid=request.sop_instance_uid,
        has_data_set=request.has_data_set,
    )
