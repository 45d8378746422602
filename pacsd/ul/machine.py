"""The actions of PS3.8 tables 9-6 to 9-9, on the state of one association.

`Machine.fire` looks up the cell of table 9-10 and `Machine.perform` does what it says; nothing else
changes the state. An action leaves its outcome here for `Association` to hand out: events, bytes
to send, the ARTIM deadline, the wish to close.
"""

from collections.abc import Callable
from typing import ClassVar, TypeAlias

from pacsd.ul import encode
from pacsd.ul.errors import AbortSource, LocalProtocolError, PDUError
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
from pacsd.ul.negotiation import Negotiated, agree, check_announced
from pacsd.ul.pdu import Abort, AssociateAC, AssociateRJ, AssociateRQ, Buffer, PDataRequest, PDataTF
from pacsd.ul.provider import refusal_of
from pacsd.ul.states import NEXT_STATE, Action, Evt, State, action_for

Primitive: TypeAlias = (
    AssociateRQ | AssociateAC | AssociateRJ | PDataRequest | PDataTF | Abort | None
)


class Machine:
    """What an association is at a moment, and the actions that move it on.

    `request` is the A-ASSOCIATE-RQ, ours or the peer's, until it is answered or void: it can be
    long. `now` is the time of the call under way.
    """

    __slots__ = (
        "artim_deadline",
        "artim_s",
        "events",
        "is_requestor",
        "negotiated",
        "now",
        "out",
        "request",
        "state",
        "wants_close",
    )

    def __init__(self, *, is_requestor: bool, artim_s: float, now: float) -> None:
        self.is_requestor = is_requestor
        self.now = now
        self.state = State.STA1
        self.request: AssociateRQ | None = None
        self.negotiated: Negotiated | None = None
        self.events: list[Event] = []
        self.out: list[Buffer] = []
        self.artim_deadline: float | None = None
        self.wants_close = False
        self.artim_s = artim_s

    def fire(self, event: Evt, primitive: Primitive = None) -> None:
        """Do what table 9-10 says of an event here, with the primitive or PDU that came with it.

        Raises:
            LocalProtocolError: the cell is empty.
        """
        self.perform(self.action(event), primitive)

    def action(self, event: Evt) -> Action:
        """What table 9-10 says of an event here; LocalProtocolError if the cell is empty."""
        action = action_for(self.state, event)
        if action is None:
            raise LocalProtocolError(f"{event.name} in {self.state.name} (PS3.8 table 9-10)")
        return action

    def perform(self, action: Action, primitive: Primitive) -> None:
        """The one place where the state changes; if the action raises, it does not."""
        chosen = self._PERFORM[action](self, primitive)
        self.state = NEXT_STATE[action] if chosen is None else chosen

    def _open_transport(self, primitive: Primitive) -> None:  # AE-1
        if not isinstance(primitive, AssociateRQ):
            raise LocalProtocolError("A-ASSOCIATE request: no A-ASSOCIATE-RQ")
        check_announced(primitive.user_information.max_length or 0)
        self.request = primitive

    def _send_request(self, _: Primitive) -> None:  # AE-2
        if self.request is not None:
            self.out.append(encode.encode_associate_rq(self.request))

    def _confirm_accepted(self, primitive: Primitive) -> None:  # AE-3
        if isinstance(primitive, AssociateAC) and self.request is not None:
            self.negotiated = agree(self.request, primitive)
            self.request = None
            self.events.append(AssociateAccepted(self.negotiated))

    def _confirm_rejected(self, primitive: Primitive) -> None:  # AE-4
        if isinstance(primitive, AssociateRJ):
            self.events.append(AssociateRejected(primitive))
        self.request = None
        self.wants_close = True

    def _await_request(self, _: Primitive) -> None:  # AE-5
        self._start_artim()

    def _judge_request(self, primitive: Primitive) -> State | None:  # AE-6
        if not isinstance(primitive, AssociateRQ):
            raise LocalProtocolError("AE-6 without an A-ASSOCIATE-RQ")
        self.artim_deadline = None
        self.request = primitive
        refusal = refusal_of(primitive)
        if refusal is None:
            self.events.append(AssociateRequested(primitive))
            return None
        rejection, why = refusal
        self._send_rejection(rejection)
        self.events.append(AssociateRefused(primitive, rejection, why))
        return State.STA13

    def _send_acceptance(self, primitive: Primitive) -> None:  # AE-7
        if isinstance(primitive, AssociateAC) and self.request is not None:
            negotiated = agree(self.request, primitive)
            self.out.append(encode.encode_associate_ac(primitive))
            self.negotiated = negotiated
            self.request = None

    def _send_rejection(self, primitive: Primitive) -> None:  # AE-8
        if isinstance(primitive, AssociateRJ):
            self.out.append(encode.encode_associate_rj(primitive))
        self.request = None
        self._start_artim()

    def _send_data(self, primitive: Primitive) -> None:  # DT-1, AR-7
        if isinstance(primitive, PDataRequest):
            self.out += encode.cut(*primitive)

    def _indicate_data(self, primitive: Primitive) -> None:  # DT-2, AR-6
        if not isinstance(primitive, PDataTF) or self.negotiated is None:
            return
        contexts = self.negotiated.contexts
        for pdv in primitive.pdvs:
            if pdv.context_id not in contexts:
                raise PDUError(
                    f"P-DATA-TF: presentation context id {pdv.context_id} was never accepted "
                    "(PS3.8 section 9.3.5.1)"
                )
        self.events.append(PDataReceived(primitive.pdvs))

    def _request_release(self, _: Primitive) -> None:  # AR-1
        self.out.append(encode.RELEASE_RQ)

    def _indicate_release(self, _: Primitive) -> None:  # AR-2
        self.events.append(ReleaseRequested())

    def _confirm_release_and_close(self, _: Primitive) -> None:  # AR-3
        self.events.append(ReleaseConfirmed())
        self.wants_close = True

    def _respond_release_and_wait(self, _: Primitive) -> None:  # AR-4
        self.out.append(encode.RELEASE_RP)
        self._start_artim()

    def _stop_artim(self, _: Primitive) -> None:  # AR-5, AA-5
        self.artim_deadline = None

    def _indicate_release_collision(self, _: Primitive) -> State:  # AR-8
        self.events.append(ReleaseRequested())
        return State.STA9 if self.is_requestor else State.STA10

    def _respond_release(self, _: Primitive) -> None:  # AR-9
        self.out.append(encode.RELEASE_RP)

    def _confirm_release(self, _: Primitive) -> None:  # AR-10
        self.events.append(ReleaseConfirmed())

    def _abort_as_user(self, _: Primitive) -> None:  # AA-1
        self.out.append(encode.encode_abort(Abort()))
        self.request = None
        self._start_artim()

    def _close(self, _: Primitive) -> None:  # AA-2
        self.artim_deadline = None
        self.request = None
        self.wants_close = True

    def _indicate_abort(self, primitive: Primitive) -> None:  # AA-3
        if isinstance(primitive, Abort):
            self.events.append(Aborted(primitive.source, primitive.reason))
        self.request = None
        self.wants_close = True

    def _indicate_connection_lost(self, _: Primitive) -> None:  # AA-4
        self.request = None
        self.events.append(ConnectionLost())

    def _ignore(self, _: Primitive) -> None:  # AA-6
        """A PDU that comes after the association's end means nothing any more."""

    def _abort_again(self, _: Primitive) -> None:  # AA-7
        # One repetition; a peer that goes on is cut off, or it could fetch aborts without end.
        self.out.append(encode.encode_abort(Abort(AbortSource.SERVICE_PROVIDER)))
        self.wants_close = True

    def _abort_as_provider(self, primitive: Primitive) -> None:  # AA-8
        if isinstance(primitive, Abort):
            self.out.append(encode.encode_abort(primitive))
        self.request = None
        self._start_artim()

    def _start_artim(self) -> None:
        self.artim_deadline = self.now + self.artim_s

    _PERFORM: ClassVar[dict[Action, Callable[["Machine", Primitive], State | None]]] = {
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
