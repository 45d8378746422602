"""One association, requestor or acceptor, without a socket (PS3.8 section 9.2).

Bytes go in by `receive_data`, events come out of `next_event`, bytes to write out of
`data_to_send`; `get_timer` says when `handle_timer` is due. After every call, send what is to be
sent, then close the transport connection if `wants_close`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pacsd.ul import decode
from pacsd.ul.errors import (
    AbortReason,
    AbortSource,
    LocalProtocolError,
    PDUError,
    RemoteProtocolError,
)
from pacsd.ul.events import Event
from pacsd.ul.machine import Machine, Primitive
from pacsd.ul.negotiation import AcceptorTerms, Negotiated, answer
from pacsd.ul.pdu import (
    PDV,
    PDV_HEADER_LENGTH,
    Abort,
    AssociateRJ,
    AssociateRQ,
    Buffer,
    PDataRequest,
    PDUType,
)
from pacsd.ul.reader import PDUReader
from pacsd.ul.states import Action, Evt, State, action_for

# Read for every PDU: a name is faster than an attribute of an enumeration.
_IDLE = State.STA1
_P_DATA_REQUEST = Evt.P_DATA_REQUEST
_UNEXPECTED_PDU_ACTIONS = frozenset((Action.AA_1, Action.AA_7, Action.AA_8))


@dataclass(frozen=True, slots=True)
class Limits:
    """What one association may take.

    `max_length` is the P-DATA-TF field length we announce, in bytes. Longer PDUs are counted and
    tolerated up to twice that, or refused at once if `is_strict`.
    """

    max_length: int = 131_072
    artim_s: float = 30.0
    pdu_timeout_s: float = 30.0
    is_strict: bool = False


class Association:
    """The Upper Layer state machine of one transport connection.

    Made by `Association.acceptor` once a connection is accepted, or by `Association.requestor`
    before one is opened. `now` is any monotonic clock, in seconds, the same for every call.
    """

    __slots__ = ("_limits", "_machine", "_reader", "is_requestor")

    def __init__(self, limits: Limits, *, is_requestor: bool, now: float) -> None:
        self.is_requestor = is_requestor
        self._limits = limits
        self._machine = Machine(is_requestor=is_requestor, artim_s=limits.artim_s, now=now)
        self._reader = PDUReader(limits.max_length, is_strict=limits.is_strict)

    @classmethod
    def acceptor(cls, limits: Limits, now: float) -> "Association":
        """The acceptor's side of a transport connection that just opened; ARTIM runs."""
        association = cls(limits, is_requestor=False, now=now)
        association._machine.fire(Evt.TRANSPORT_INDICATION)
        return association

    @classmethod
    def requestor(cls, limits: Limits, request: AssociateRQ, now: float) -> "Association":
        """The requestor's side of a transport connection yet to be opened."""
        association = cls(limits, is_requestor=True, now=now)
        association._machine.fire(Evt.ASSOCIATE_REQUEST, request)
        return association

    @property
    def state(self) -> State:
        """The state of PS3.8 section 9.2.1."""
        return self._machine.state

    @property
    def negotiated(self) -> Negotiated | None:
        """What was agreed on, once an association was established; it stays after its end."""
        return self._machine.negotiated

    @property
    def is_established(self) -> bool:
        """Whether P-DATA may be sent."""
        return self._machine.state in (State.STA6, State.STA8)

    @property
    def wants_close(self) -> bool:
        """Whether the transport connection is to be closed, once what is to be sent is."""
        return self._machine.wants_close

    @property
    def can_abort(self) -> bool:
        """Whether there is an association, or half of one, to abort (PS3.8 table 9-10, Evt15)."""
        return action_for(self._machine.state, Evt.ABORT_REQUEST) is not None

    @property
    def awaits_close(self) -> bool:
        """Whether all is said and the transport connection is the peer's to close; ARTIM runs."""
        return self._machine.state is State.STA13

    @property
    def oversized_pdus(self) -> int:
        """How many P-DATA-TF PDUs were longer than we announced."""
        return self._reader.oversized_pdus

    # What the transport does

    def transport_connected(self, now: float) -> None:
        """The connection the requestor asked for is open: the A-ASSOCIATE-RQ goes out.

        Raises:
            LocalProtocolError: the request cannot be sent as it is.
        """
        self._machine.now = now
        self._machine.fire(Evt.TRANSPORT_CONFIRM)

    def receive_data(self, data: Buffer, now: float) -> None:
        """Feed bytes; then ask `next_event` until it answers None.

        `data` is not copied if it ends with a whole PDU, so it must stay as it is until then.
        """
        self._machine.now = now
        if self._machine.state is not _IDLE:
            self._reader.feed(data)

    def hold(self) -> None:
        """Copy what is unread of the data fed, which its owner may then use again."""
        self._reader.hold()

    def resumed(self, now: float) -> None:
        """We did not read for a while, by our own choice: the rest of a PDU is due from now on."""
        self._machine.now = now
        self._reader.resumed(now)

    def connection_lost(self, now: float) -> None:
        """The transport connection closed, by whatever cause."""
        self._machine.now = now
        self._reader.clear()
        if self._machine.state is not _IDLE:
            self._machine.fire(Evt.TRANSPORT_CLOSED)

    def next_event(self) -> Event | None:
        """The next indication or confirmation; None when more bytes are needed.

        Raises:
            RemoteProtocolError: the peer broke the protocol; the A-ABORT is ready to be sent.
        """
        machine = self._machine
        while not machine.events:
            if machine.state is _IDLE:
                return None
            try:
                received = self._reader.next_pdu(machine.now)
            except PDUError as error:
                self._break(Evt.INVALID_PDU, error.reason, str(error))
                return None
            if received is None:
                return None
            self._receive(*received)
        return machine.events.pop(0)

    def data_to_send(self) -> list[Buffer]:
        """What is to be written, in order; whole PDUs, handed over once."""
        machine = self._machine
        out, machine.out = machine.out, []
        return out

    def get_timer(self) -> float | None:
        """When `handle_timer` is due: ARTIM, or a PDU that does not come to its end."""
        if self._machine.artim_deadline is not None:
            return self._machine.artim_deadline
        begun = self._reader.incomplete_since
        return None if begun is None else begun + self._limits.pdu_timeout_s

    def handle_timer(self, now: float) -> None:
        """Let time pass.

        Raises:
            RemoteProtocolError: a PDU did not arrive whole in time.
        """
        self._machine.now = now
        due = self.get_timer()
        if due is None or now < due:
            return
        if self._machine.artim_deadline is not None:
            self._machine.fire(Evt.ARTIM_EXPIRED)
            self._reader.clear()
            return
        within = f"{self._limits.pdu_timeout_s:g} s (network_timeout_s)"
        text = f"a PDU did not arrive whole within {within}"
        self._break(Evt.INVALID_PDU, AbortReason.NOT_SPECIFIED, text, is_timeout=True)

    # What the local user asks for

    def accept(self, terms: AcceptorTerms, limits: Limits | None = None) -> Negotiated:
        """A-ASSOCIATE response, positive (PS3.8 section 7.1.1).

        `limits` replace those so far, now that the peer is known.
        """
        action = self._machine.action(Evt.ASSOCIATE_ACCEPT)
        request = self._machine.request
        if request is None:
            raise LocalProtocolError("accept: no association was requested")
        self._machine.perform(action, answer(request, terms))
        if limits is not None:
            self._limits = limits
            self._machine.artim_s = limits.artim_s
            self._reader.limit(limits.max_length, is_strict=limits.is_strict)
        return self._negotiated

    def reject(self, rejection: AssociateRJ, now: float) -> None:
        """A-ASSOCIATE response, negative."""
        self._machine.now = now
        self._machine.fire(Evt.ASSOCIATE_REJECT, rejection)

    def send_p_data(self, pdv: PDV) -> None:
        """P-DATA request: a command set, or more of a data set, of any length.

        It is cut where the peer's longest PDU ends (PS3.8 annexes D.1 and E.1), one PDV in each,
        and sent from where it lies.

        Raises:
            LocalProtocolError: a presentation context that was not accepted, or a state in which
                nothing may be sent.
        """
        if pdv.context_id not in self._negotiated.contexts:
            raise LocalProtocolError(
                f"P-DATA-TF: presentation context id {pdv.context_id} was never accepted"
            )
        room = self.max_send_length - PDV_HEADER_LENGTH
        self._machine.fire(_P_DATA_REQUEST, PDataRequest(pdv, room))

    @property
    def max_send_length(self) -> int:
        """The longest P-DATA-TF variable field the peer takes, in bytes (PS3.8 Annex D.1)."""
        negotiated = self._negotiated
        return negotiated.to_acceptor if self.is_requestor else negotiated.to_requestor

    def release(self) -> None:
        """A-RELEASE request."""
        self._machine.fire(Evt.RELEASE_REQUEST)

    def respond_release(self, now: float) -> None:
        """A-RELEASE response."""
        self._machine.now = now
        self._machine.fire(Evt.RELEASE_RESPONSE)

    def abort(self, now: float) -> None:
        """A-ABORT request: A-ABORT(0, 0) goes out (PS3.8 section 7.3)."""
        self._machine.now = now
        self._machine.fire(Evt.ABORT_REQUEST)
        self._reader.clear()

    @property
    def _negotiated(self) -> Negotiated:
        negotiated = self._machine.negotiated
        if negotiated is None:
            raise LocalProtocolError("there is no association")
        return negotiated

    # What the peer sends

    def _receive(self, pdu_type: int, field: memoryview) -> None:
        event, decode_field = _RECEIVE[pdu_type]
        action = self._machine.action(event)
        if action in _UNEXPECTED_PDU_ACTIONS:
            text = f"{event.name} is unexpected in {self.state.name} (PS3.8 table 9-10)"
            self._break(event, AbortReason.UNEXPECTED_PDU, text)
            return
        try:
            self._machine.perform(action, decode_field(field))
        except PDUError as error:
            self._break(Evt.INVALID_PDU, error.reason, str(error))
        if self._machine.state is _IDLE:
            self._reader.clear()

    def _break(
        self, event: Evt, reason: AbortReason, text: str, *, is_timeout: bool = False
    ) -> None:
        """The peer broke the protocol: abort as table 9-10 says, then tell."""
        self._reader.clear()
        action = self._machine.action(event)
        self._machine.perform(action, Abort(AbortSource.SERVICE_PROVIDER, reason))
        if action is Action.AA_8:
            source = AbortSource.SERVICE_PROVIDER
            raise RemoteProtocolError(text, source, reason, is_timeout=is_timeout)
        if action is Action.AA_1:
            source, reason = AbortSource.SERVICE_USER, AbortReason.NOT_SPECIFIED
            raise RemoteProtocolError(text, source, reason, is_timeout=is_timeout)


_RECEIVE: dict[int, tuple[Evt, Callable[[memoryview], Primitive]]] = {
    PDUType.ASSOCIATE_RQ: (Evt.ASSOCIATE_RQ_PDU, decode.decode_associate_rq),
    PDUType.ASSOCIATE_AC: (Evt.ASSOCIATE_AC_PDU, decode.decode_associate_ac),
    PDUType.ASSOCIATE_RJ: (Evt.ASSOCIATE_RJ_PDU, decode.decode_associate_rj),
    PDUType.P_DATA_TF: (Evt.P_DATA_PDU, decode.decode_p_data),
    PDUType.RELEASE_RQ: (Evt.RELEASE_RQ_PDU, decode.decode_release),
    PDUType.RELEASE_RP: (Evt.RELEASE_RP_PDU, decode.decode_release),
    PDUType.ABORT: (Evt.ABORT_PDU, decode.decode_abort),
}
