"""One association, requestor or acceptor, without a socket (PS3.8 section 9.2).

Bytes go in by `receive_data`, events come out of `next_event`, bytes to write out of
`data_to_send`; `get_timer` says when `handle_timer` is due. After every call, send what is to be
sent, then close the transport connection if `wants_close`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from pacsd.ul import decode, encode
from pacsd.ul.errors import (
    AbortReason,
    AbortSource,
    LocalProtocolError,
    PDUError,
    RemoteProtocolError,
)
from pacsd.ul.events import (
    Aborted,
    AssociateAccepted,
    AssociateRefused,
    AssociateRejected,
    AssociateRequested,
    ConnectionLost,
    Event,
    PDataReceived,
    ReleaseConfirmed,
    ReleaseRequested,
)
from pacsd.ul.negotiation import AcceptorTerms, Negotiated, agree, answer
from pacsd.ul.pdu import (
    PDV,
    PDV_HEADER_LENGTH,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    Buffer,
    PDataTF,
    PDUType,
)
from pacsd.ul.provider import refusal_of
from pacsd.ul.reader import PDUReader
from pacsd.ul.states import NEXT_STATE, Action, Evt, State, action_for

_Primitive: TypeAlias = AssociateRQ | AssociateAC | AssociateRJ | PDataTF | Abort | None


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

    __slots__ = (
        "_artim_deadline",
        "_events",
        "_limits",
        "_now",
        "_out",
        "_reader",
        "_request",
        "_state",
        "_wants_close",
        "is_requestor",
        "negotiated",
    )

    def __init__(self, limits: Limits, *, is_requestor: bool, now: float) -> None:
        self.is_requestor = is_requestor
        self.negotiated: Negotiated | None = None
        self._limits = limits
        self._now = now
        self._state = State.STA1
        self._reader = PDUReader(limits.max_length, is_strict=limits.is_strict)
        self._request: AssociateRQ | None = None
        self._events: list[Event] = []
        self._out: list[Buffer] = []
        self._artim_deadline: float | None = None
        self._wants_close = False

    @classmethod
    def acceptor(cls, limits: Limits, now: float) -> "Association":
        """The acceptor's side of a transport connection that just opened; ARTIM runs."""
        association = cls(limits, is_requestor=False, now=now)
        association._fire(Evt.TRANSPORT_INDICATION)
        return association

    @classmethod
    def requestor(cls, limits: Limits, request: AssociateRQ, now: float) -> "Association":
        """The requestor's side of a transport connection yet to be opened."""
        association = cls(limits, is_requestor=True, now=now)
        association._fire(Evt.ASSOCIATE_REQUEST, request)
        return association

    @property
    def state(self) -> State:
        """The state of PS3.8 section 9.2.1."""
        return self._state

    @property
    def is_established(self) -> bool:
        """Whether P-DATA may be sent."""
        return self._state in (State.STA6, State.STA8)

    @property
    def wants_close(self) -> bool:
        """Whether the transport connection is to be closed, once what is to be sent is."""
        return self._wants_close

    @property
    def oversized_pdus(self) -> int:
        """How many P-DATA-TF PDUs were longer than we announced."""
        return self._reader.oversized_pdus

    # What the transport does

    def transport_connected(self, now: float) -> None:
        """The connection the requestor asked for is open: the A-ASSOCIATE-RQ goes out."""
        self._now = now
        self._fire(Evt.TRANSPORT_CONFIRM)

    def receive_data(self, data: Buffer, now: float) -> None:
        """Feed bytes; then ask `next_event` until it answers None.

        `data` is not copied if it ends with a whole PDU, so it must stay as it is until then.
        """
        self._now = now
        if self._state is not State.STA1:
            self._reader.feed(data)

    def connection_lost(self, now: float) -> None:
        """The transport connection closed, by whatever cause."""
        self._now = now
        self._reader.clear()
        if self._state is not State.STA1:
            self._fire(Evt.TRANSPORT_CLOSED)

    def next_event(self) -> Event | None:
        """The next indication or confirmation; None when more bytes are needed.

        Raises:
            RemoteProtocolError: the peer broke the protocol; the A-ABORT is ready to be sent.
        """
        while not self._events:
            if self._state is State.STA1:
                return None
            try:
                received = self._reader.next_pdu(self._now)
            except PDUError as error:
                self._break(Evt.INVALID_PDU, error.reason, str(error))
                return None
            if received is None:
                return None
            self._receive(*received)
        return self._events.pop(0)

    def data_to_send(self) -> list[Buffer]:
        """What is to be written, in order; whole PDUs, handed over once."""
        out, self._out = self._out, []
        return out

    def get_timer(self) -> float | None:
        """When `handle_timer` is due: ARTIM, or a PDU that does not come to its end."""
        if self._artim_deadline is not None:
            return self._artim_deadline
        begun = self._reader.incomplete_since
        return None if begun is None else begun + self._limits.pdu_timeout_s

    def handle_timer(self, now: float) -> None:
        """Let time pass.

        Raises:
            RemoteProtocolError: a PDU did not arrive whole in time.
        """
        self._now = now
        due = self.get_timer()
        if due is None or now < due:
            return
        if self._artim_deadline is not None:
            self._fire(Evt.ARTIM_EXPIRED)
            return
        self._reader.clear()
        text = f"a PDU did not arrive whole within {self._limits.pdu_timeout_s:g} s"
        self._break(Evt.INVALID_PDU, AbortReason.NOT_SPECIFIED, text)

    # What the local user asks for

    def accept(self, terms: AcceptorTerms) -> Negotiated:
        """A-ASSOCIATE response, positive (PS3.8 section 7.1.1)."""
        request = self._request
        if request is None:
            raise LocalProtocolError("accept: no association was requested")
        accepted = answer(request, terms)
        self.negotiated = agree(request, accepted)
        self._fire(Evt.ASSOCIATE_ACCEPT, accepted)
        return self.negotiated

    def reject(self, rejection: AssociateRJ, now: float) -> None:
        """A-ASSOCIATE response, negative."""
        self._now = now
        self._fire(Evt.ASSOCIATE_REJECT, rejection)

    def send_p_data(self, pdvs: Sequence[PDV]) -> None:
        """P-DATA request: one P-DATA-TF PDU; the data of the PDVs is sent from where it lies."""
        room = self.max_send_length
        length = sum(len(pdv.data) + PDV_HEADER_LENGTH for pdv in pdvs)
        if length > room:
            raise LocalProtocolError(f"P-DATA-TF of {length} bytes, the peer takes {room}")
        self._fire(Evt.P_DATA_REQUEST, PDataTF(tuple(pdvs)))

    @property
    def max_send_length(self) -> int:
        """The longest P-DATA-TF variable field the peer takes, in bytes (PS3.8 Annex D.1)."""
        if self.negotiated is None:
            raise LocalProtocolError("P-DATA: there is no association")
        if self.is_requestor:
            return self.negotiated.to_acceptor
        return self.negotiated.to_requestor

    def release(self) -> None:
        """A-RELEASE request."""
        self._fire(Evt.RELEASE_REQUEST)

    def respond_release(self, now: float) -> None:
        """A-RELEASE response."""
        self._now = now
        self._fire(Evt.RELEASE_RESPONSE)

    def abort(self, now: float) -> None:
        """A-ABORT request: A-ABORT(0, 0) goes out (PS3.8 section 7.3)."""
        self._now = now
        self._reader.clear()
        self._fire(Evt.ABORT_REQUEST)

    # The state machine

    def _fire(self, event: Evt, primitive: _Primitive = None) -> Action:
        """The one place where the state changes."""
        action = action_for(self._state, event)
        if action is None:
            raise LocalProtocolError(f"{event.name} in {self._state.name} (PS3.8 table 9-10)")
        chosen = self._PERFORM[action](self, primitive)
        self._state = NEXT_STATE[action] if chosen is None else chosen
        return action

    def _receive(self, pdu_type: int, field: memoryview) -> None:
        event, decode_field = _RECEIVE[pdu_type]
        if action_for(self._state, event) in (Action.AA_1, Action.AA_7, Action.AA_8):
            text = f"{event.name} is unexpected in {self._state.name} (PS3.8 table 9-10)"
            self._break(event, AbortReason.UNEXPECTED_PDU, text)
            return
        try:
            self._fire(event, decode_field(field))
        except PDUError as error:
            self._break(Evt.INVALID_PDU, error.reason, str(error))

    def _break(self, event: Evt, reason: AbortReason, text: str) -> None:
        """The peer broke the protocol: abort as table 9-10 says, then tell."""
        self._reader.clear()
        action = self._fire(event, Abort(AbortSource.SERVICE_PROVIDER, reason))
        if action is Action.AA_8:
            raise RemoteProtocolError(text, AbortSource.SERVICE_PROVIDER, reason)
        if action is Action.AA_1:
            raise RemoteProtocolError(text, AbortSource.SERVICE_USER, AbortReason.NOT_SPECIFIED)

    # The actions of PS3.8 tables 9-6 to 9-9, each with the primitive or PDU of its event

    def _open_transport(self, primitive: _Primitive) -> None:  # AE-1
        if not isinstance(primitive, AssociateRQ):
            raise LocalProtocolError("A-ASSOCIATE request: no A-ASSOCIATE-RQ")
        self._request = primitive

    def _send_request(self, _: _Primitive) -> None:  # AE-2
        if self._request is not None:
            self._out.append(encode.encode_associate_rq(self._request))

    def _confirm_accepted(self, primitive: _Primitive) -> None:  # AE-3
        if isinstance(primitive, AssociateAC) and self._request is not None:
            self.negotiated = agree(self._request, primitive)
            self._events.append(AssociateAccepted(self.negotiated))

    def _confirm_rejected(self, primitive: _Primitive) -> None:  # AE-4
        if isinstance(primitive, AssociateRJ):
            self._events.append(AssociateRejected(primitive))
        self._wants_close = True

    def _await_request(self, _: _Primitive) -> None:  # AE-5
        self._start_artim()

    def _judge_request(self, primitive: _Primitive) -> State | None:  # AE-6
        if not isinstance(primitive, AssociateRQ):
            raise LocalProtocolError("AE-6 without an A-ASSOCIATE-RQ")
        self._artim_deadline = None
        self._request = primitive
        refusal = refusal_of(primitive)
        if refusal is None:
            self._events.append(AssociateRequested(primitive))
            return None
        rejection, why = refusal
        self._send_rejection(rejection)
        self._events.append(AssociateRefused(primitive, rejection, why))
        return State.STA13

    def _send_acceptance(self, primitive: _Primitive) -> None:  # AE-7
        if isinstance(primitive, AssociateAC):
            self._out.append(encode.encode_associate_ac(primitive))

    def _send_rejection(self, primitive: _Primitive) -> None:  # AE-8
        if isinstance(primitive, AssociateRJ):
            self._out.append(encode.encode_associate_rj(primitive))
        self._start_artim()

    def _send_data(self, primitive: _Primitive) -> None:  # DT-1, AR-7
        if isinstance(primitive, PDataTF):
            self._out += encode.p_data_buffers(primitive.pdvs)

    def _indicate_data(self, primitive: _Primitive) -> None:  # DT-2, AR-6
        if not isinstance(primitive, PDataTF) or self.negotiated is None:
            return
        contexts = self.negotiated.contexts
        for pdv in primitive.pdvs:
            if pdv.context_id not in contexts:
                raise PDUError(
                    f"P-DATA-TF: presentation context id {pdv.context_id} was never accepted "
                    "(PS3.8 section 9.3.5.1)"
                )
        self._events.append(PDataReceived(primitive.pdvs))

    def _request_release(self, _: _Primitive) -> None:  # AR-1
        self._out.append(encode.RELEASE_RQ)

    def _indicate_release(self, _: _Primitive) -> None:  # AR-2
        self._events.append(ReleaseRequested())

    def _confirm_release_and_close(self, _: _Primitive) -> None:  # AR-3
        self._events.append(ReleaseConfirmed())
        self._wants_close = True

    def _respond_release_and_wait(self, _: _Primitive) -> None:  # AR-4
        self._out.append(encode.RELEASE_RP)
        self._start_artim()

    def _stop_artim(self, _: _Primitive) -> None:  # AR-5, AA-5
        self._artim_deadline = None

    def _indicate_release_collision(self, _: _Primitive) -> State:  # AR-8
        self._events.append(ReleaseRequested())
        return State.STA9 if self.is_requestor else State.STA10

    def _respond_release(self, _: _Primitive) -> None:  # AR-9
        self._out.append(encode.RELEASE_RP)

    def _confirm_release(self, _: _Primitive) -> None:  # AR-10
        self._events.append(ReleaseConfirmed())

    def _abort_as_user(self, _: _Primitive) -> None:  # AA-1
        self._out.append(encode.encode_abort(Abort()))
        self._start_artim()

    def _close(self, _: _Primitive) -> None:  # AA-2
        self._artim_deadline = None
        self._wants_close = True

    def _indicate_abort(self, primitive: _Primitive) -> None:  # AA-3
        if isinstance(primitive, Abort):
            self._events.append(Aborted(primitive.source, primitive.reason))
        self._wants_close = True

    def _indicate_connection_lost(self, _: _Primitive) -> None:  # AA-4
        self._events.append(ConnectionLost())

    def _ignore(self, _: _Primitive) -> None:  # AA-6
        """A PDU that comes after the association's end means nothing any more."""

    def _abort_again(self, _: _Primitive) -> None:  # AA-7
        # One repetition; a peer that goes on is cut off, or it could fetch aborts without end.
        self._out.append(encode.encode_abort(Abort(AbortSource.SERVICE_PROVIDER)))
        self._wants_close = True

    def _abort_as_provider(self, primitive: _Primitive) -> None:  # AA-8
        if isinstance(primitive, Abort):
            self._out.append(encode.encode_abort(primitive))
        self._start_artim()

    def _start_artim(self) -> None:
        self._artim_deadline = self._now + self._limits.artim_s

    _PERFORM: ClassVar[dict[Action, Callable[["Association", _Primitive], State | None]]] = {
        Action.AE_1: _open_transport,
        Action.AE_2: _send_request,
        Action.AE_3: _confirm_accepted,
        Action.AE_4: _confirm_rejected,
        Action.AE_5: _await_request,
        Action.AE_6: _judge_request,
        Action.AE_7: _send_acceptance,
        Action.AE_8: _send_rejection,
        Action.DT_1: _send_data,
        Action.DT_2: _indicate_data,
        Action.AR_1: _request_release,
        Action.AR_2: _indicate_release,
        Action.AR_3: _confirm_release_and_close,
        Action.AR_4: _respond_release_and_wait,
        Action.AR_5: _stop_artim,
        Action.AR_6: _indicate_data,
        Action.AR_7: _send_data,
        Action.AR_8: _indicate_release_collision,
        Action.AR_9: _respond_release,
        Action.AR_10: _confirm_release,
        Action.AA_1: _abort_as_user,
        Action.AA_2: _close,
        Action.AA_3: _indicate_abort,
        Action.AA_4: _indicate_connection_lost,
        Action.AA_5: _stop_artim,
        Action.AA_6: _ignore,
        Action.AA_7: _abort_again,
        Action.AA_8: _abort_as_provider,
    }


_RECEIVE: dict[int, tuple[Evt, Callable[[memoryview], _Primitive]]] = {
    PDUType.ASSOCIATE_RQ: (Evt.ASSOCIATE_RQ_PDU, decode.decode_associate_rq),
    PDUType.ASSOCIATE_AC: (Evt.ASSOCIATE_AC_PDU, decode.decode_associate_ac),
    PDUType.ASSOCIATE_RJ: (Evt.ASSOCIATE_RJ_PDU, decode.decode_associate_rj),
    PDUType.P_DATA_TF: (Evt.P_DATA_PDU, decode.decode_p_data),
    PDUType.RELEASE_RQ: (Evt.RELEASE_RQ_PDU, decode.decode_release),
    PDUType.RELEASE_RP: (Evt.RELEASE_RP_PDU, decode.decode_release),
    PDUType.ABORT: (Evt.ABORT_PDU, decode.decode_abort),
}
