"""Every cell of PS3.8 table 9-10, 13 states x 19 events, on associations driven there by bytes."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from pynetdicom.fsm import TRANSITION_TABLE

from pacsd.ul.association import Association
from pacsd.ul.errors import LocalProtocolError, RemoteProtocolError
from pacsd.ul.events import (
    Aborted,
    AssociateAccepted,
    AssociateRejected,
    AssociateRequested,
    ConnectionLost,
    Event,
    PDataReceived,
    ReleaseConfirmed,
    ReleaseRequested,
)
from pacsd.ul.pdu import AssociateRJ
from pacsd.ul.rejection import UserReason, rejected_by_user
from pacsd.ul.states import NEXT_STATE, Action, Evt, State, _read_table, action_for
from tests.ul.transcripts import (
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    ASSOCIATE_RQ,
    LIMITS,
    P_DATA_TF,
    PDVS,
    RELEASE_RP,
    RELEASE_RQ,
    REQUEST,
    TERMS,
    UNKNOWN_PDU,
    Pair,
    abort_pdu,
    drain,
    sent,
)

NOW = 5.0
ARTIM_DUE = NOW + LIMITS.artim_s
STATES_WITH_ARTIM = (State.STA2, State.STA13)


# How to get into each state


def _fed(association: Association, *pdus: bytes) -> Association:
    for pdu in pdus:
        association.receive_data(pdu, NOW)
        drain(association)
    sent(association)
    return association


def _accepted() -> Association:
    association = _fed(Association.acceptor(LIMITS, NOW), ASSOCIATE_RQ)
    association.accept(TERMS)
    return _fed(association)


def _confirmed() -> Association:
    association = Association.requestor(LIMITS, REQUEST, NOW)
    association.transport_connected(NOW)
    return _fed(association, ASSOCIATE_AC)


def _releasing(association: Association) -> Association:
    association.release()
    return _fed(association)


def _connecting() -> Association:
    association = Association.requestor(LIMITS, REQUEST, NOW)
    association.transport_connected(NOW)
    return _fed(association)


def _collided_as_requestor() -> Association:
    association = _fed(_releasing(_confirmed()), RELEASE_RQ)
    association.respond_release(NOW)
    return _fed(association)


def _aborted() -> Association:
    association = _accepted()
    association.abort(NOW)
    return _fed(association)


PATHS: dict[State, Callable[[], Association]] = {
    State.STA1: lambda: Association(LIMITS, is_requestor=False, now=NOW),
    State.STA2: lambda: Association.acceptor(LIMITS, NOW),
    State.STA3: lambda: _fed(Association.acceptor(LIMITS, NOW), ASSOCIATE_RQ),
    State.STA4: lambda: Association.requestor(LIMITS, REQUEST, NOW),
    State.STA5: _connecting,
    State.STA6: _accepted,
    State.STA7: lambda: _releasing(_accepted()),
    State.STA8: lambda: _fed(_accepted(), RELEASE_RQ),
    State.STA9: lambda: _fed(_releasing(_confirmed()), RELEASE_RQ),
    State.STA10: lambda: _fed(_releasing(_accepted()), RELEASE_RQ),
    State.STA11: _collided_as_requestor,
    State.STA12: lambda: _fed(_releasing(_accepted()), RELEASE_RQ, RELEASE_RP),
    State.STA13: _aborted,
}


# How to cause each event: by the peer's bytes, by a call

PEER_SENDS = {
    Evt.ASSOCIATE_AC_PDU: ASSOCIATE_AC,
    Evt.ASSOCIATE_RJ_PDU: ASSOCIATE_RJ,
    Evt.ASSOCIATE_RQ_PDU: ASSOCIATE_RQ,
    Evt.P_DATA_PDU: P_DATA_TF,
    Evt.RELEASE_RQ_PDU: RELEASE_RQ,
    Evt.RELEASE_RP_PDU: RELEASE_RP,
    Evt.ABORT_PDU: abort_pdu(2, 1),
    Evt.INVALID_PDU: UNKNOWN_PDU,
}
REJECTION = rejected_by_user(UserReason.CALLED_AE_TITLE_NOT_RECOGNIZED)
CALLS: dict[Evt, Callable[[Association], object]] = {
    # These two open the transport connection, so they come with the making of an association.
    Evt.ASSOCIATE_REQUEST: lambda a: a._machine.fire(Evt.ASSOCIATE_REQUEST, REQUEST),
    Evt.TRANSPORT_INDICATION: lambda a: a._machine.fire(Evt.TRANSPORT_INDICATION),
    Evt.TRANSPORT_CONFIRM: lambda a: a.transport_connected(NOW),
    Evt.ASSOCIATE_ACCEPT: lambda a: a.accept(TERMS),
    Evt.ASSOCIATE_REJECT: lambda a: a.reject(REJECTION, NOW),
    Evt.P_DATA_REQUEST: lambda a: a.send_p_data(PDVS[0]),
    Evt.RELEASE_REQUEST: lambda a: a.release(),
    Evt.RELEASE_RESPONSE: lambda a: a.respond_release(NOW),
    Evt.ABORT_REQUEST: lambda a: a.abort(NOW),
    Evt.TRANSPORT_CLOSED: lambda a: a.connection_lost(NOW),
    Evt.ARTIM_EXPIRED: lambda a: a.handle_timer(ARTIM_DUE),
}


# What each action shows to the outside (PS3.8 tables 9-6 to 9-9)


@dataclass(frozen=True)
class Outcome:
    state: State
    sent: bytes = b""
    event: type[Event] | None = None
    wants_close: bool = False


def _aa_8(event: Evt) -> Outcome:
    reason = 1 if event is Evt.INVALID_PDU else 2
    return Outcome(State.STA13, sent=abort_pdu(2, reason))


OUTCOMES: dict[str, Outcome] = {
    "AE-1": Outcome(State.STA4),
    "AE-2": Outcome(State.STA5, sent=ASSOCIATE_RQ),
    "AE-3": Outcome(State.STA6, event=AssociateAccepted),
    "AE-4": Outcome(State.STA1, event=AssociateRejected, wants_close=True),
    "AE-5": Outcome(State.STA2),
    "AE-6": Outcome(State.STA3, event=AssociateRequested),
    "AE-7": Outcome(State.STA6, sent=ASSOCIATE_AC),
    "AE-8": Outcome(State.STA13, sent=ASSOCIATE_RJ),
    "DT-1": Outcome(State.STA6, sent=P_DATA_TF),
    "DT-2": Outcome(State.STA6, event=PDataReceived),
    "AR-1": Outcome(State.STA7, sent=RELEASE_RQ),
    "AR-2": Outcome(State.STA8, event=ReleaseRequested),
    "AR-3": Outcome(State.STA1, event=ReleaseConfirmed, wants_close=True),
    "AR-4": Outcome(State.STA13, sent=RELEASE_RP),
    "AR-5": Outcome(State.STA1),
    "AR-6": Outcome(State.STA7, event=PDataReceived),
    "AR-7": Outcome(State.STA8, sent=P_DATA_TF),
    "AR-8": Outcome(State.STA10, event=ReleaseRequested),
    "AR-9": Outcome(State.STA11, sent=RELEASE_RP),
    "AR-10": Outcome(State.STA12, event=ReleaseConfirmed),
    "AA-1": Outcome(State.STA13, sent=abort_pdu(0, 0)),
    "AA-2": Outcome(State.STA1, wants_close=True),
    "AA-3": Outcome(State.STA1, event=Aborted, wants_close=True),
    "AA-4": Outcome(State.STA1, event=ConnectionLost),
    "AA-5": Outcome(State.STA1),
    "AA-6": Outcome(State.STA13),
    # Ours goes further than the standard: a peer that keeps sending nonsense is cut off.
    "AA-7": Outcome(State.STA13, sent=abort_pdu(2, 0), wants_close=True),
}


def _cause(association: Association, event: Evt) -> list[Event | RemoteProtocolError]:
    if event in PEER_SENDS:
        association.receive_data(PEER_SENDS[event], NOW)
    else:
        CALLS[event](association)
    return drain(association)


def _cell(state: State, event: Evt) -> str | None:
    cell: str | None = TRANSITION_TABLE.get((f"Evt{event}", f"Sta{state}"))
    return cell


CELLS = [(state, event) for state in State for event in Evt]
FILLED = [cell for cell in CELLS if _cell(*cell)]
EMPTY = [cell for cell in CELLS if not _cell(*cell)]


def _name(value: State | Evt) -> str:
    return f"{type(value).__name__}{value:d}".replace("State", "Sta")


@pytest.mark.parametrize("state", State, ids=_name)
def test_path_leads_to_its_state(state: State) -> None:
    association = PATHS[state]()
    assert association.state is state
    assert drain(association) == []
    assert sent(association) == b""
    assert (association.get_timer() == ARTIM_DUE) == (state in STATES_WITH_ARTIM)


def test_there_are_247_cells() -> None:
    assert len(FILLED) + len(EMPTY) == 13 * 19


@pytest.mark.parametrize(("state", "event"), FILLED, ids=_name)
def test_filled_cell(state: State, event: Evt) -> None:
    action = _cell(state, event)
    assert action is not None
    expected = _aa_8(event) if action == "AA-8" else OUTCOMES[action]
    association = PATHS[state]()

    events = _cause(association, event)

    is_peers_fault = action in {"AA-1", "AA-8"} and event in PEER_SENDS
    if is_peers_fault:
        [error] = events
        assert isinstance(error, RemoteProtocolError)
        assert abort_pdu(error.source, error.reason) == expected.sent
    else:
        assert [type(each) for each in events] == ([expected.event] if expected.event else [])
    assert association.state is expected.state
    assert sent(association) == expected.sent
    assert association.wants_close is expected.wants_close
    due = ARTIM_DUE if expected.state in STATES_WITH_ARTIM else None
    assert association.get_timer() == due


@pytest.mark.parametrize(("state", "event"), EMPTY, ids=_name)
def test_empty_cell_changes_nothing(state: State, event: Evt) -> None:
    assert action_for(state, event) is None
    association = PATHS[state]()
    timer = association.get_timer()
    # What comes from a transport that is gone, and a timer that does not run, are let pass.
    is_let_pass = event is Evt.ARTIM_EXPIRED or (
        state is State.STA1 and (event in PEER_SENDS or event is Evt.TRANSPORT_CLOSED)
    )
    if is_let_pass:
        assert _cause(association, event) == []
    else:
        with pytest.raises(LocalProtocolError, match=f"{event.name} in {state.name}|there is no"):
            _cause(association, event)
    assert association.state is state
    assert sent(association) == b""
    assert association.get_timer() == timer
    assert not association.wants_close


@pytest.mark.parametrize(("state", "event"), CELLS, ids=_name)
def test_table_is_pynetdicoms(state: State, event: Evt) -> None:
    action = action_for(state, event)
    assert (action.name.replace("_", "-") if action else None) == _cell(state, event)


def test_release_collision_goes_by_role() -> None:
    requestor = _releasing(_confirmed())
    _fed(requestor, RELEASE_RQ)
    assert requestor.state is State.STA9
    acceptor = _releasing(_accepted())
    _fed(acceptor, RELEASE_RQ)
    assert acceptor.state is State.STA10


def test_release_collision_ends_for_both() -> None:
    pair = Pair.established()
    pair.requestor.release()
    pair.acceptor.release()
    assert pair.to_acceptor() == [ReleaseRequested()]
    assert pair.to_requestor() == [ReleaseRequested()]
    pair.requestor.respond_release(NOW)
    assert pair.to_acceptor() == [ReleaseConfirmed()]
    pair.acceptor.respond_release(NOW)
    assert pair.to_requestor() == [ReleaseConfirmed()]
    assert pair.requestor.wants_close
    pair.acceptor.connection_lost(NOW)
    assert pair.acceptor.state is State.STA1


def test_every_action_ends_in_a_state() -> None:
    assert set(NEXT_STATE) == set(Action)


def test_damaged_table_is_refused() -> None:
    with pytest.raises(ValueError, match="damaged row: Evt2"):
        _read_table("Evt1 " + ". " * 13 + "\nEvt2 ." + "\n" * 17)


def test_rejection_is_what_the_transcript_says() -> None:
    assert AssociateRJ(1, 1, 7) == REJECTION
