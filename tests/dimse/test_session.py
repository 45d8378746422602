import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dimse.command_codec import decode_command, encode_command
from pacsd.dimse.commands import CCancelRQ, Response, response_to
from pacsd.dimse.errors import LocalCommandError
from pacsd.dimse.events import (
    CancelReceived,
    DataSetFragment,
    Event,
    RequestReceived,
    RequestRefused,
    ResponseReceived,
)
from pacsd.dimse.outgoing import MAX_WAITING_MESSAGES
from pacsd.dimse.session import Session
from pacsd.ul.association import Association
from pacsd.ul.decode import decode_p_data
from pacsd.ul.errors import RemoteProtocolError
from pacsd.ul.events import Aborted, ConnectionLost, ReleaseConfirmed, ReleaseRequested
from pacsd.ul.items import OperationsWindow
from pacsd.ul.pdu import PDV
from tests.dimse.command_strategies import element, us_element, with_group_length
from tests.dimse.conversations import (
    ABORT,
    ECHO,
    FIND,
    LIMITS,
    STORE,
    Conversation,
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
SUCCESS, PENDING, CANCEL = 0x0000, 0xFF00, 0xFE00


UNKNOWN = with_group_length(
    element(2, b"1.2\0"), us_element(0x100, 0x0777), us_element(0x110, 9), us_element(0x800, 1)
)
"""A command set with a Command Field that means nothing, and a data set to come."""


def only_response(pdu: bytes) -> Response:
    (pdv,) = decode_p_data(memoryview(pdu)[6:]).pdvs
    response = decode_command(bytes(pdv.data))
    assert isinstance(response, Response)
    return response


# Operations


def test_an_operation_without_data_set() -> None:
    talk = Conversation()
    talk.scu.request(ECHO, echo_rq(), talk.now)
    assert talk.to_scp() == [RequestReceived(ECHO, echo_rq())]
    assert talk.scp.open_requests == 1
    response = response_to(echo_rq(), SUCCESS)
    talk.scp.respond(response, talk.now)
    assert talk.scp.open_requests == 0
    assert talk.to_scu() == [ResponseReceived(ECHO, response)]


def test_a_data_set_of_any_length_is_cut_at_what_the_peer_takes() -> None:
    talk = Conversation()
    talk.scu.request(STORE, store_rq(), talk.now)
    talk.scu.send_data_set(1, bytes(5_000), is_last=False, now=talk.now)
    talk.scu.send_data_set(1, b"end!", is_last=True, now=talk.now)
    request, *fragments = talk.to_scp()
    assert request == RequestReceived(STORE, store_rq())
    assert data_set(fragments) == bytes(5_000) + b"end!"
    assert {type(each) for each in fragments} == {DataSetFragment}


def test_an_empty_data_set_is_one_empty_last_fragment() -> None:
    talk = Conversation()
    talk.scu.request(STORE, store_rq(), talk.now)
    talk.scu.send_data_set(1, b"", is_last=True, now=talk.now)
    assert talk.to_scp()[1:] == [DataSetFragment(1, is_response=False, data=b"", is_last=True)]


def test_pending_responses_with_identifiers() -> None:
    talk = Conversation()
    talk.scu.request(FIND, find_rq(), talk.now)
    talk.scu.send_data_set(1, b"keys", is_last=True, now=talk.now)
    talk.to_scp()
    pending = response_to(find_rq(), PENDING, has_data_set=True)
    for identifier in (b"first", bytes(700)):
        talk.scp.respond(pending, talk.now, identifier)
        first, *fragments = talk.to_scu()
        assert first == ResponseReceived(FIND, pending)
        assert data_set(fragments) == identifier
    talk.scp.respond(response_to(find_rq(), SUCCESS), talk.now)
    assert len(talk.to_scu()) == 1
    with pytest.raises(LocalCommandError, match="awaits a response"):
        talk.scp.respond(pending, talk.now, b"late")


def test_an_operation_can_be_answered_while_its_data_set_comes() -> None:
    talk = Conversation()
    talk.tell_scp(p_data(command_pdv(store_rq(), STORE), data_pdv(b"half", is_last=False)))
    talk.scp.respond(response_to(store_rq(), 0xA700), talk.now)
    assert only_response(sent(talk.scp)).status == 0xA700
    # The Message ID stays in use as long as its data set does.
    assert talk.scp.open_requests == 1
    assert data_set(talk.tell_scp(p_data(data_pdv(b"rest")))) == b"rest"
    assert talk.scp.open_requests == 0


def test_one_operation_is_answered_while_the_data_set_of_another_comes() -> None:
    talk = Conversation(WINDOW)
    talk.tell_scp(p_data(command_pdv(echo_rq(1), ECHO)))
    talk.tell_scp(p_data(command_pdv(store_rq(2), STORE), data_pdv(b"half", is_last=False)))
    talk.scp.respond(response_to(echo_rq(1), SUCCESS), talk.now)
    assert only_response(sent(talk.scp)).message_id_being_responded_to == 1
    (fragment,) = talk.tell_scp(p_data(data_pdv(b"rest")))
    assert fragment == DataSetFragment(2, is_response=False, data=b"rest", is_last=True)


def test_a_response_never_comes_between_the_fragments_of_our_data_set() -> None:
    talk = Conversation(WINDOW)
    talk.scu.request(STORE, store_rq(), talk.now)
    talk.scu.send_data_set(1, b"half", is_last=False, now=talk.now)
    talk.to_scp()
    talk.scu.receive_data(p_data(command_pdv(echo_rq(9), ECHO)), talk.now)
    events_of(talk.scu)
    talk.scu.respond(response_to(echo_rq(9), SUCCESS), talk.now)
    assert sent(talk.scu) == b""
    talk.scu.send_data_set(1, b"rest", is_last=True, now=talk.now)
    written = sent(talk.scu)
    assert written.startswith(p_data(data_pdv(b"rest")))
    assert only_response(written[len(p_data(data_pdv(b"rest"))) :]).status == SUCCESS


def test_a_second_data_set_has_to_wait() -> None:
    talk = Conversation(WINDOW)
    talk.scu.request(STORE, store_rq(1), talk.now)
    with pytest.raises(LocalCommandError, match="a data set is being sent"):
        talk.scu.request(STORE, store_rq(2), talk.now)


# Message IDs and the asynchronous operations window


def test_our_requests_keep_to_the_window() -> None:
    talk = Conversation(WINDOW)
    for message_id in (1, 2, 3):
        talk.scu.request(ECHO, echo_rq(message_id), talk.now)
    with pytest.raises(LocalCommandError, match="window is full"):
        talk.scu.request(ECHO, echo_rq(4), talk.now)
    talk.to_scp()
    talk.scp.respond(response_to(echo_rq(2), SUCCESS), talk.now)
    talk.to_scu()
    talk.scu.request(ECHO, echo_rq(4), talk.now)


def test_without_negotiation_there_is_one_operation_at_a_time() -> None:
    talk = Conversation()
    talk.scu.request(ECHO, echo_rq(1), talk.now)
    with pytest.raises(LocalCommandError, match="window is full"):
        talk.scu.request(ECHO, echo_rq(2), talk.now)


def test_a_peer_that_goes_past_the_window_is_aborted() -> None:
    talk = Conversation(WINDOW)
    for message_id in (1, 2, 3):
        assert len(talk.tell_scp(p_data(command_pdv(echo_rq(message_id), ECHO)))) == 1
    (error,) = talk.tell_scp(p_data(command_pdv(echo_rq(4), ECHO)))
    assert "more than the negotiated 3" in str(error)
    assert sent(talk.scp) == ABORT


def test_the_acceptor_has_a_window_of_its_own() -> None:
    talk = Conversation(WINDOW)
    for message_id in (1, 2):
        talk.scp.request(ECHO, echo_rq(message_id), talk.now)
    with pytest.raises(LocalCommandError, match="window is full"):
        talk.scp.request(ECHO, echo_rq(3), talk.now)
    assert len(talk.to_scu()) == 2


def test_both_sides_may_use_the_same_message_id() -> None:
    talk = Conversation(WINDOW)
    talk.scu.request(ECHO, echo_rq(1), talk.now)
    talk.to_scp()
    talk.scp.request(ECHO, echo_rq(1), talk.now)
    assert talk.to_scu() == [RequestReceived(ECHO, echo_rq(1))]


def test_a_message_id_in_use_is_not_taken_again() -> None:
    talk = Conversation(WINDOW)
    assert talk.scu.next_message_id() == 1
    talk.scu.request(ECHO, echo_rq(2), talk.now)
    assert talk.scu.next_message_id() == 3
    with pytest.raises(LocalCommandError, match="Message ID 2 is in use"):
        talk.scu.request(ECHO, echo_rq(2), talk.now)


def test_a_peer_that_takes_a_message_id_twice_is_told() -> None:
    talk = Conversation(WINDOW)
    talk.tell_scp(p_data(command_pdv(echo_rq(7), ECHO)))
    (refused,) = talk.tell_scp(
        p_data(command_pdv(store_rq(7), STORE), data_pdv(b"half", is_last=False))
        + p_data(data_pdv(b"rest"))
    )
    assert isinstance(refused, RequestRefused)
    response = only_response(sent(talk.scp))
    assert (response.status, response.message_id_being_responded_to) == (0x0210, 7)
    assert talk.scp.open_requests == 1


# What cannot be carried out


def test_an_unknown_operation_is_answered_and_its_data_set_dropped() -> None:
    talk = Conversation()
    (refused,) = talk.tell_scp(p_data(PDV(3, is_command=True, is_last=True, data=UNKNOWN)))
    assert isinstance(refused, RequestRefused)
    assert us_element(0x0900, 0x0211) in sent(talk.scp)
    assert talk.tell_scp(p_data(data_pdv(b"half", is_last=False)) + p_data(data_pdv(b"end"))) == []
    assert len(talk.tell_scp(p_data(command_pdv(echo_rq(), ECHO)))) == 1


@pytest.mark.parametrize("message_id", [2, 1])
def test_a_response_nobody_waits_for_aborts(message_id: int) -> None:
    talk = Conversation(WINDOW)
    talk.scu.request(ECHO, echo_rq(1), talk.now)
    final = p_data(command_pdv(response_to(echo_rq(message_id), SUCCESS), ECHO))
    talk.scu.receive_data(final * (3 - message_id), talk.now)
    error = events_of(talk.scu)[-1]
    assert isinstance(error, RemoteProtocolError)
    assert f"to Message ID {message_id}, never asked" in str(error)


def test_a_response_of_another_kind_aborts() -> None:
    talk = Conversation()
    talk.scu.request(ECHO, echo_rq(1), talk.now)
    talk.scu.receive_data(p_data(command_pdv(response_to(store_rq(1), SUCCESS), ECHO)), talk.now)
    (error,) = events_of(talk.scu)
    assert "C-STORE-RSP to Message ID 1, never asked" in str(error)


def test_a_response_has_the_data_set_it_announces() -> None:
    talk = Conversation()
    talk.tell_scp(p_data(command_pdv(find_rq(), FIND)) + p_data(data_pdv(b"keys", FIND)))
    with pytest.raises(LocalCommandError, match="not as announced"):
        talk.scp.respond(response_to(find_rq(), PENDING, has_data_set=True), talk.now)
    with pytest.raises(LocalCommandError, match="not as announced"):
        talk.scp.respond(response_to(find_rq(), SUCCESS), talk.now, b"identifier")


def test_only_a_data_set_that_is_due_is_sent() -> None:
    talk = Conversation()
    with pytest.raises(LocalCommandError, match="Message ID 1"):
        talk.scu.send_data_set(1, b"data", is_last=True, now=talk.now)
    talk.scu.request(ECHO, echo_rq(1), talk.now)
    with pytest.raises(LocalCommandError, match="Message ID 1"):
        talk.scu.send_data_set(1, b"data", is_last=True, now=talk.now)


def test_requests_that_cross_our_release_are_not_carried_out() -> None:
    talk = Conversation(WINDOW)
    talk.scp.release(talk.now)
    assert talk.tell_scp(p_data(command_pdv(store_rq(), STORE)) + p_data(data_pdv(b"data"))) == []
    assert talk.tell_scp(p_data(PDV(1, is_command=True, is_last=True, data=UNKNOWN))) == []
    assert talk.scp.open_requests == 0


def test_refusals_without_end_are_not_kept_waiting() -> None:
    talk = Conversation(WINDOW)
    talk.scu.request(STORE, store_rq(), talk.now)
    sent(talk.scu)
    refused = p_data(PDV(1, is_command=True, is_last=True, data=UNKNOWN))
    talk.scu.receive_data(refused * (MAX_WAITING_MESSAGES + 1), talk.now)
    *refusals, error = events_of(talk.scu)
    assert len(refusals) == MAX_WAITING_MESSAGES
    assert "too many messages wait" in str(error)
    assert sent(talk.scu) == ABORT


def test_a_data_set_past_its_bound_aborts() -> None:
    talk = Conversation(max_data_set_bytes=100)
    talk.tell_scp(p_data(command_pdv(store_rq(), STORE)))
    assert len(talk.tell_scp(p_data(data_pdv(bytes(100), is_last=False)))) == 1
    (error,) = talk.tell_scp(p_data(data_pdv(b"\0")))
    assert "max_data_set_bytes" in str(error)


def test_after_an_abort_nothing_more_is_carried_out() -> None:
    talk = Conversation(WINDOW)
    talk.scp.receive_data(p_data(*[command_pdv(echo_rq(n), ECHO) for n in (1, 2)]), talk.now)
    assert talk.scp.next_event() == RequestReceived(ECHO, echo_rq(1))
    talk.scp.abort(talk.now)
    assert talk.scp.next_event() is None
    assert sent(talk.scp) == ABORT


def test_after_the_end_of_the_connection_nothing_more_is_carried_out() -> None:
    talk = Conversation(WINDOW)
    talk.scp.receive_data(p_data(*[command_pdv(echo_rq(n), ECHO) for n in (1, 2)]), talk.now)
    assert talk.scp.next_event() == RequestReceived(ECHO, echo_rq(1))
    talk.scp.connection_lost(talk.now)
    assert events_of(talk.scp) == [ConnectionLost()]


# Cancel, release, abort


def test_a_cancel_reaches_its_operation() -> None:
    talk = Conversation()
    talk.scu.request(FIND, find_rq(), talk.now)
    talk.scu.send_data_set(1, b"keys", is_last=True, now=talk.now)
    talk.scu.cancel(1, talk.now)
    assert talk.to_scp()[-1] == CancelReceived(1)
    talk.scp.respond(response_to(find_rq(), CANCEL), talk.now)
    assert len(talk.to_scu()) == 1
    with pytest.raises(LocalCommandError, match="no operation with Message ID 1 is open"):
        talk.scu.cancel(1, talk.now)


def test_a_cancel_of_nothing_means_nothing() -> None:
    talk = Conversation()
    cancel = CCancelRQ(message_id_being_responded_to=5)
    assert talk.tell_scp(p_data(command_pdv(cancel, FIND))) == []


def test_release() -> None:
    talk = Conversation()
    talk.scu.release(talk.now)
    assert talk.to_scp() == [ReleaseRequested()]
    talk.scp.association.respond_release(talk.now)
    assert talk.to_scu() == [ReleaseConfirmed()]


def test_the_peers_abort() -> None:
    talk = Conversation()
    talk.scu.abort(talk.now)
    assert talk.to_scp() == [Aborted(0, 0)]


def test_nothing_can_be_asked_before_there_is_an_association() -> None:
    fresh = Session(Association.acceptor(LIMITS, 0.0), 0.0)
    with pytest.raises(LocalCommandError, match="there is no association"):
        fresh.request(ECHO, echo_rq(), 0.0)


# Time


def test_an_idle_association_is_aborted() -> None:
    talk = Conversation()
    assert talk.scp.get_timer() == 300.0
    talk.scp.handle_timer(299.9)
    with pytest.raises(RemoteProtocolError, match=r"^no operation for 300 s \(idle_timeout_s\)$"):
        talk.scp.handle_timer(300.0)
    assert sent(talk.scp) == ABORT


def test_the_rest_of_a_message_is_waited_for_less_long() -> None:
    talk = Conversation()
    talk.now = 10.0
    talk.tell_scp(p_data(command_pdv(store_rq(), STORE)))
    assert talk.scp.get_timer() == 70.0
    talk.now = 20.0
    talk.tell_scp(p_data(data_pdv(bytes(1_000), is_last=False)) * 80)
    assert talk.scp.get_timer() == 80.0
    text = r"^the rest of a message did not come within 60 s \(dimse_timeout_s\)$"
    with pytest.raises(RemoteProtocolError, match=text):
        talk.scp.handle_timer(80.0)


def test_after_an_abort_in_the_middle_of_a_message_only_artim_runs() -> None:
    talk = Conversation()
    talk.tell_scp(p_data(command_pdv(store_rq(), STORE)))
    with pytest.raises(RemoteProtocolError):
        talk.scp.handle_timer(60.0)
    assert talk.scp.get_timer() == 90.0
    talk.scp.handle_timer(90.0)
    assert talk.scp.association.wants_close


def test_while_we_perform_the_peer_owes_nothing() -> None:
    talk = Conversation()
    talk.tell_scp(p_data(command_pdv(echo_rq(), ECHO)))
    assert talk.scp.get_timer() is None
    talk.now = 50.0
    talk.scp.respond(response_to(echo_rq(), SUCCESS), talk.now)
    assert talk.scp.get_timer() == 350.0


def test_a_response_is_waited_for() -> None:
    talk = Conversation()
    talk.scu.request(ECHO, echo_rq(), 5.0)
    assert talk.scu.get_timer() == 65.0


def test_the_answer_to_a_release_is_waited_for() -> None:
    talk = Conversation()
    talk.scu.release(7.0)
    assert talk.scu.get_timer() == 67.0
    with pytest.raises(RemoteProtocolError):
        talk.scu.handle_timer(67.0)


def test_time_in_which_we_did_not_read_is_not_the_peers() -> None:
    talk = Conversation()
    talk.tell_scp(p_data(command_pdv(store_rq(), STORE)))
    talk.scp.resumed(40.0)
    assert talk.scp.get_timer() == 100.0


def test_an_unfinished_pdu_is_due_before_the_message_is() -> None:
    talk = Conversation()
    talk.tell_scp(p_data(command_pdv(store_rq(), STORE))[:-1])
    assert talk.scp.get_timer() == 10.0


# Bytes that are lent


def test_what_is_held_survives_the_buffer_it_came_in() -> None:
    talk = Conversation(WINDOW)
    pdus = p_data(
        command_pdv(store_rq(), STORE), data_pdv(b"one", is_last=False), data_pdv(b"two")
    ) + p_data(command_pdv(echo_rq(2), ECHO))
    lent = bytearray(pdus)
    talk.scp.receive_data(memoryview(lent), talk.now)
    assert talk.scp.next_event() == RequestReceived(STORE, store_rq())
    talk.scp.hold()
    lent[:] = bytes(len(lent))
    *fragments, request = events_of(talk.scp)
    assert data_set(fragments) == b"onetwo"
    assert request == RequestReceived(ECHO, echo_rq(2))


@st.composite
def fragmentations(draw: st.DrawFn) -> tuple[bytes, bytes, list[int]]:
    """A data set; the PDUs of a C-STORE-RQ with it, cut anywhere; where the stream is cut."""
    data = draw(st.binary(max_size=300))
    command = encode_command(store_rq())
    pdvs = [
        PDV(STORE.context_id, is_command, is_last, part)
        for is_command, whole in ((True, command), (False, data))
        for part, is_last in _cut(draw, whole)
    ]
    pdus = b""
    while pdvs:
        count = draw(st.integers(1, len(pdvs)))
        group, pdvs = pdvs[:count], pdvs[count:]
        pdus += p_data(*group)
    return data, pdus, sorted(draw(st.sets(st.integers(0, len(pdus)), max_size=12)))


def _cut(draw: st.DrawFn, whole: bytes) -> list[tuple[bytes, bool]]:
    ends = sorted({*draw(st.lists(st.integers(1, max(len(whole), 1)), max_size=6)), len(whole)})
    parts = [whole[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    has_empty_end = draw(st.booleans())
    if has_empty_end:
        parts.append(b"")
    return [(part, index == len(parts) - 1) for index, part in enumerate(parts)]


@given(fragmentations())
def test_any_fragmentation_gives_the_same_data_set(
    fragmented: tuple[bytes, bytes, list[int]],
) -> None:
    data, pdus, cuts = fragmented
    talk = Conversation()
    lent = bytearray(len(pdus))
    events: list[Event | RemoteProtocolError] = []
    for start, end in zip([0, *cuts], [*cuts, len(pdus)], strict=True):
        lent[: end - start] = pdus[start:end]
        events += talk.tell_scp(memoryview(lent)[: end - start])
    request, *fragments = events
    assert request == RequestReceived(STORE, store_rq())
    assert data_set(fragments) == data
