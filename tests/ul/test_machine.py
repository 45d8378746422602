from dataclasses import replace

import pytest

from pacsd.ul.errors import LocalProtocolError, PDUError
from pacsd.ul.items import UserInformation
from pacsd.ul.machine import Machine, Primitive
from pacsd.ul.negotiation import answer
from pacsd.ul.pdu import PDV, Abort, AssociateRJ, PDataTF
from pacsd.ul.states import Action, Evt, State
from tests.ul.transcripts import REQUEST, TERMS


def machine(state: State = State.STA1) -> Machine:
    made = Machine(is_requestor=False, artim_s=30.0, now=5.0)
    made.state = state
    return made


def test_every_action_can_be_performed() -> None:
    assert set(Machine._PERFORM) == set(Action)


def test_fire_moves_on() -> None:
    idle = machine()
    idle.fire(Evt.TRANSPORT_INDICATION)
    assert idle.state is State.STA2
    assert idle.artim_deadline == 35.0


def test_empty_cell_names_event_and_state() -> None:
    with pytest.raises(LocalProtocolError, match=r"^RELEASE_REQUEST in STA5 \(PS3.8 table 9-10\)$"):
        machine(State.STA5).fire(Evt.RELEASE_REQUEST)


def test_action_that_raises_changes_nothing() -> None:
    established = machine(State.STA3)
    established.fire(Evt.TRANSPORT_CLOSED)
    established.state, established.request = State.STA3, REQUEST
    established.fire(Evt.ASSOCIATE_ACCEPT, answer(REQUEST, TERMS))
    established.events.clear()
    never_accepted = PDataTF((PDV(1, False, True, b""), PDV(3, False, True, b"")))
    with pytest.raises(PDUError, match="presentation context id 3 was never accepted"):
        established.fire(Evt.P_DATA_PDU, never_accepted)
    assert established.state is State.STA6
    assert established.events == []


@pytest.mark.parametrize(
    ("state", "event", "primitive"),
    [
        (State.STA3, Evt.ASSOCIATE_ACCEPT, answer(REQUEST, TERMS)),
        (State.STA3, Evt.ASSOCIATE_REJECT, AssociateRJ(1, 1, 7)),
        (State.STA3, Evt.ABORT_REQUEST, None),
        (State.STA3, Evt.ABORT_PDU, Abort()),
        (State.STA3, Evt.TRANSPORT_CLOSED, None),
        (State.STA3, Evt.INVALID_PDU, Abort(2, 6)),
        (State.STA4, Evt.ABORT_REQUEST, None),
        (State.STA5, Evt.ASSOCIATE_AC_PDU, answer(REQUEST, TERMS)),
        (State.STA5, Evt.ASSOCIATE_RJ_PDU, AssociateRJ(1, 1, 7)),
    ],
)
def test_d06_request_is_not_kept_longer_than_needed(
    state: State, event: Evt, primitive: Primitive
) -> None:
    waiting = machine(state)
    waiting.request = REQUEST
    waiting.fire(event, primitive)
    assert waiting.request is None


def test_d06_request_that_the_provider_rejects_is_not_kept() -> None:
    waiting = machine(State.STA2)
    waiting.fire(Evt.ASSOCIATE_RQ_PDU, replace(REQUEST, protocol_version=2))
    assert (waiting.state, waiting.request) == (State.STA13, None)


@pytest.mark.parametrize("primitive", [None, PDataTF(())])
def test_request_needs_its_pdu(primitive: PDataTF | None) -> None:
    idle = machine()
    with pytest.raises(LocalProtocolError, match="no A-ASSOCIATE-RQ"):
        idle.fire(Evt.ASSOCIATE_REQUEST, primitive)
    with pytest.raises(LocalProtocolError, match="without an A-ASSOCIATE-RQ"):
        machine(State.STA2).fire(Evt.ASSOCIATE_RQ_PDU, primitive)
    assert idle.state is State.STA1


def test_request_that_announces_no_room_is_refused() -> None:
    request = replace(REQUEST, user_information=UserInformation(max_length=7))
    with pytest.raises(LocalProtocolError, match="maximum length 7 is not 0 or 8"):
        machine().fire(Evt.ASSOCIATE_REQUEST, request)
