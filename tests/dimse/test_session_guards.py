"""What a session refuses its own user, and whom it waits for how long."""

from dataclasses import replace

import pytest

from pacsd.dimse.commands import response_to
from pacsd.dimse.errors import LocalCommandError
from pacsd.dimse.events import RequestReceived
from pacsd.dimse.session import Patience, Session
from pacsd.ul import encode
from pacsd.ul.association import Association
from pacsd.ul.errors import LocalProtocolError, RemoteProtocolError
from pacsd.ul.events import ReleaseRequested
from pacsd.ul.items import OperationsWindow
from pacsd.ul.pdu import AssociateRJ
from tests.dimse.conversations import (
    ECHO,
    FIND,
    LIMITS,
    PATIENCE,
    STORE,
    TERMS,
    Conversation,
    associate_rq,
    command_pdv,
    data_pdv,
    data_set,
    echo_rq,
    events_of,
    find_rq,
    p_data,
    sent,
    store_rq,
)

WINDOW = OperationsWindow(3, 2)
SUCCESS, PENDING = 0x0000, 0xFF00
STORE_PDV = command_pdv(store_rq(), STORE)


@pytest.mark.parametrize(
    ("is_announced", "identifier"), [(True, None), (False, b"data"), (False, b"")]
)
def test_a_response_has_the_data_set_it_announces(
    identifier: bytes | None, *, is_announced: bool
) -> None:
    talk = Conversation()
    talk.tell_scp(p_data(command_pdv(find_rq(), FIND), data_pdv(b"keys", FIND)))
    response = response_to(find_rq(), PENDING, has_data_set=is_announced)
    with pytest.raises(LocalCommandError, match="C-FIND-RSP: the data set is not as announced"):
        talk.scp.respond(response, talk.now, identifier)
    assert sent(talk.scp) == b""
    talk.scp.respond(response_to(find_rq(), SUCCESS), talk.now)
    assert len(talk.scp.data_to_send()) > 0


@pytest.mark.parametrize("message_id", [1, 3])
def test_a_data_set_goes_to_the_operation_that_has_one(message_id: int) -> None:
    talk = Conversation(WINDOW)
    talk.scu.request(ECHO, echo_rq(1), talk.now)
    talk.scu.request(STORE, store_rq(2), talk.now)
    talk.to_scp()
    with pytest.raises(LocalCommandError, match=f"no data set of Message ID {message_id}"):
        talk.scu.send_data_set(message_id, b"data", is_last=True, now=talk.now)
    assert sent(talk.scu) == b""
    talk.scu.send_data_set(2, b"data", is_last=True, now=talk.now)
    assert data_set(talk.to_scp()) == b"data"


def test_a_data_set_ends_once() -> None:
    talk = Conversation()
    talk.scu.request(STORE, store_rq(), talk.now)
    talk.scu.send_data_set(1, b"data", is_last=True, now=talk.now)
    with pytest.raises(LocalCommandError, match="no data set of Message ID 1"):
        talk.scu.send_data_set(1, b"more", is_last=True, now=talk.now)


def test_a_request_on_a_context_not_accepted_leaves_the_session_usable() -> None:
    talk = Conversation()
    with pytest.raises(LocalProtocolError, match="context id 7 was never accepted"):
        talk.scu.request(replace(STORE, context_id=7), store_rq(), talk.now)
    talk.scu.request(STORE, store_rq(), talk.now)
    talk.scu.send_data_set(1, b"data", is_last=True, now=talk.now)
    assert data_set(talk.to_scp()[1:]) == b"data"


def test_an_answer_before_the_end_of_our_data_set_keeps_the_message_id() -> None:
    talk = Conversation(WINDOW)
    talk.scu.request(STORE, store_rq(), talk.now)
    talk.to_scp()
    talk.scp.respond(response_to(store_rq(), 0xA700), talk.now)
    talk.to_scu()
    with pytest.raises(LocalCommandError, match="Message ID 1 is in use"):
        talk.scu.request(ECHO, echo_rq(1), talk.now)
    talk.scu.send_data_set(1, b"rest", is_last=True, now=talk.now)
    talk.scu.request(ECHO, echo_rq(1), talk.now)


def test_the_default_window_opens_only_when_the_data_set_has_ended_too() -> None:
    talk = Conversation()
    talk.scu.request(STORE, store_rq(), talk.now)
    talk.to_scp()
    talk.scp.respond(response_to(store_rq(), 0xA700), talk.now)
    talk.to_scu()
    with pytest.raises(LocalCommandError, match="window is full"):
        talk.scu.request(ECHO, echo_rq(2), talk.now)
    talk.scu.send_data_set(1, b"rest", is_last=True, now=talk.now)
    talk.scu.request(ECHO, echo_rq(2), talk.now)
    assert talk.to_scp()[-1] == RequestReceived(ECHO, echo_rq(2))


# What is held


def test_what_is_held_is_copied_once() -> None:
    """A peer may send tens of thousands of PDVs in one PDU; holding it again must cost nothing."""
    talk = Conversation()
    fragments = [data_pdv(bytes([number]), is_last=number == 9) for number in range(10)]
    talk.scp.receive_data(p_data(STORE_PDV, *fragments), talk.now)
    talk.scp.next_event()
    talk.scp.hold()
    held = talk.scp._pdvs
    talk.scp.next_event()
    talk.scp.hold()
    assert talk.scp._pdvs is held
    assert data_set(events_of(talk.scp)) == bytes(range(1, 10))


def test_the_next_pdu_is_held_as_well_as_the_first() -> None:
    talk = Conversation()
    first = p_data(STORE_PDV, data_pdv(b"a", is_last=False), data_pdv(b"b", is_last=False))
    lent = bytearray(first + p_data(data_pdv(b"c", is_last=False), data_pdv(b"d")))
    talk.scp.receive_data(memoryview(lent), talk.now)
    talk.scp.hold()
    received = []
    for _ in range(5):
        event = talk.scp.next_event()
        assert event is not None
        talk.scp.hold()
        lent[:] = bytes(len(lent))
        received.append(event)
    assert talk.scp.next_event() is None
    assert received[0] == RequestReceived(STORE, store_rq())
    assert data_set(received[1:]) == b"abcd"


# Patience


def test_patience_0_waits_for_ever() -> None:
    talk = Conversation()
    talk.scp.patience = Patience(message_s=0, idle_s=0)
    assert talk.scp.get_timer() is None
    talk.tell_scp(p_data(STORE_PDV))
    assert talk.scp.get_timer() is None
    talk.scp.handle_timer(1e9)
    assert talk.scp.association.is_established


@pytest.mark.parametrize("patience", [Patience(message_s=0), Patience(idle_s=0)])
def test_one_patience_does_not_stand_for_the_other(patience: Patience) -> None:
    talk = Conversation()
    talk.scp.patience = patience
    idle_due = talk.scp.get_timer()
    talk.tell_scp(p_data(STORE_PDV))
    assert (idle_due, talk.scp.get_timer()) == (patience.idle_s or None, patience.message_s or None)


def test_the_rest_of_a_data_set_is_due_although_its_answer_is_given() -> None:
    talk = Conversation()
    talk.tell_scp(p_data(STORE_PDV, data_pdv(b"half", is_last=False)))
    talk.now = 5.0
    talk.scp.respond(response_to(store_rq(), 0xA700), talk.now)
    assert talk.scp.get_timer() == 60.0
    talk.tell_scp(p_data(data_pdv(b"rest")))
    assert talk.scp.get_timer() == 305.0


def test_the_rest_of_a_command_set_is_due() -> None:
    talk = Conversation()
    whole = command_pdv(echo_rq(), ECHO)
    talk.now = 5.0
    talk.tell_scp(p_data(whole._replace(data=whole.data[:9], is_last=False)))
    assert talk.scp.get_timer() == 65.0


def test_after_the_peers_release_it_owes_nothing() -> None:
    talk = Conversation()
    talk.tell_scp(p_data(command_pdv(echo_rq(), ECHO)))
    talk.scu.release(talk.now)
    assert talk.to_scp() == [ReleaseRequested()]
    assert talk.scp.get_timer() is None
    talk.scp.respond(response_to(echo_rq(), SUCCESS), talk.now)
    assert talk.scp.get_timer() is None


def test_the_answer_to_our_association_request_is_due() -> None:
    association = Association.requestor(LIMITS, associate_rq(), 0.0)
    session = Session(association, 0.0, PATIENCE)
    assert session.get_timer() is None  # the connection is not open yet
    association.transport_connected(0.0)
    assert session.get_timer() == 60.0


def test_pending_responses_prolong_the_wait() -> None:
    talk = Conversation()
    talk.scu.request(FIND, find_rq(), talk.now)
    talk.scu.send_data_set(1, b"keys", is_last=True, now=talk.now)
    talk.to_scp()
    talk.now = 50.0
    talk.scp.respond(response_to(find_rq(), PENDING, has_data_set=True), talk.now, b"match")
    talk.to_scu()
    assert talk.scu.get_timer() == 110.0
    with pytest.raises(RemoteProtocolError, match=r"^no response within 60 s \(dimse_timeout_s\)$"):
        talk.scu.handle_timer(110.0)
    assert talk.scu.get_timer() == 140.0  # ARTIM runs from when the wait was over


def test_the_answer_to_our_release_is_due() -> None:
    talk = Conversation()
    talk.scu.release(10.0)
    assert talk.scu.get_timer() == 70.0
    text = r"^no answer to the A-RELEASE-RQ within 60 s \(dimse_timeout_s\)$"
    with pytest.raises(RemoteProtocolError, match=text) as error:
        talk.scu.handle_timer(70.0)
    assert error.value.is_timeout


def drip(talk: Conversation, data: bytes, every_s: float, until_s: float) -> RemoteProtocolError:
    """The data set of a C-STORE in pieces, one each so often; how it ended."""
    talk.tell_scp(p_data(STORE_PDV))
    while talk.now < until_s:
        talk.now += every_s
        try:
            talk.scp.handle_timer(talk.now)
        except RemoteProtocolError as error:
            return error
        talk.tell_scp(p_data(data_pdv(data, is_last=False)))
    pytest.fail("the message went on")


def test_a_message_in_drips_ends() -> None:
    talk = Conversation()
    error = drip(talk, b"ab", every_s=50.0, until_s=1_000.0)
    assert (talk.now, error.is_timeout, error.source) == (100.0, True, 0)
    assert str(error) == "a message came slower than 1024 bytes per second (dimse_timeout_s)"


def test_an_earlier_message_earns_a_later_one_no_time() -> None:
    talk = Conversation()
    talk.tell_scp(p_data(STORE_PDV) + p_data(data_pdv(bytes(1_000), is_last=False)) * 200)
    talk.scp.respond(response_to(store_rq(), SUCCESS), talk.now)
    half = command_pdv(store_rq(2), STORE)._replace(is_last=False)
    talk.tell_scp(p_data(data_pdv(b"last"), half))
    talk.now = 50.0
    talk.tell_scp(p_data(half._replace(data=b"")))
    assert talk.scp.get_timer() == 60.0


def test_a_slow_line_is_none_of_our_business() -> None:
    talk = Conversation()
    talk.tell_scp(p_data(STORE_PDV))
    for _ in range(200):
        talk.now += 10.0
        talk.scp.handle_timer(talk.now)
        talk.tell_scp(p_data(data_pdv(bytes(1_000), is_last=False)) * 13)
    assert talk.scp.is_established


def test_what_we_do_not_read_is_not_the_peers_slowness() -> None:
    talk = Conversation()
    talk.tell_scp(p_data(STORE_PDV))
    talk.scp.resumed(500.0)
    talk.scp.handle_timer(559.0)
    assert talk.scp.get_timer() == 560.0


def test_a_session_stands_for_its_association() -> None:
    fresh = Session(Association.acceptor(LIMITS, 0.0), 0.0, PATIENCE)
    fresh.receive_data(sent(Conversation.requesting()), 1.0)
    events_of(fresh)
    assert (fresh.negotiated, fresh.is_established, fresh.can_abort) == (None, False, True)
    negotiated = fresh.accept(TERMS, None, 2.0)
    assert fresh.negotiated is negotiated
    assert (fresh.is_established, fresh.get_timer(), fresh.oversized_pdus) == (True, 302.0, 0)
    fresh.receive_data(encode.RELEASE_RQ, 3.0)
    assert events_of(fresh) == [ReleaseRequested()]
    fresh.respond_release(4.0)
    assert (fresh.awaits_close, fresh.wants_close, fresh.get_timer()) == (True, False, 34.0)
    fresh.handle_timer(34.0)
    assert fresh.wants_close


def test_a_session_rejects_for_its_association() -> None:
    fresh = Session(Association.acceptor(LIMITS, 0.0), 0.0, PATIENCE)
    fresh.receive_data(sent(Conversation.requesting()), 1.0)
    events_of(fresh)
    fresh.reject(AssociateRJ(1, 1, 7), 2.0)
    assert sent(fresh) == encode.encode_associate_rj(AssociateRJ(1, 1, 7))
    assert (fresh.awaits_close, fresh.get_timer()) == (True, 32.0)
