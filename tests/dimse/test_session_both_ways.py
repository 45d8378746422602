"""Operations both ways over one association: C-GET and its sub-operations (PS3.4 section C.4.3)."""

from dataclasses import replace

import pytest

from pacsd.dimse.commands import CGetRSP, CStoreRQ, Priority, response_to
from pacsd.dimse.events import (
    CancelReceived,
    DataSetFragment,
    RequestReceived,
    ResponseReceived,
)
from pacsd.dimse.session import Session
from pacsd.ul.association import Association
from pacsd.ul.errors import RemoteProtocolError
from pacsd.ul.items import RoleSelection
from tests.dimse.conversations import (
    CT_IMAGE_STORAGE,
    ECHO,
    FIND,
    GET,
    LIMITS,
    STORE,
    TERMS,
    Conversation,
    associate_rq,
    data_set,
    events_of,
    get_rq,
    sent,
    store_rq,
)

SUCCESS, PENDING, CANCEL = 0x0000, 0xFF00, 0xFE00


def getting() -> Conversation:
    """A C-GET is open, Message ID 1."""
    talk = Conversation()
    talk.scu.request(GET, get_rq(), talk.now)
    talk.scu.send_data_set(1, b"keys", is_last=True, now=talk.now)
    assert [type(each) for each in talk.to_scp()] == [RequestReceived, DataSetFragment]
    return talk


def context_ids(session: Session) -> set[int]:
    return {context.context_id for context in session.contexts_as_scu()}


def pending(completed: int) -> CGetRSP:
    return CGetRSP(
        message_id_being_responded_to=1,
        status=PENDING,
        affected_sop_class_uid=GET.abstract_syntax,
        number_of_remaining_suboperations=2 - completed,
        number_of_completed_suboperations=completed,
    )


def test_sub_operations_and_pending_responses_take_turns() -> None:
    talk = getting()
    for number in (1, 2):
        request = replace(store_rq(talk.scp.next_message_id()), priority=Priority.HIGH)
        talk.scp.request(STORE, request, talk.now)
        talk.scp.send_data_set(request.message_id, bytes(700), is_last=False, now=talk.now)
        # What is sent meanwhile waits for the end of the data set.
        talk.scp.respond(pending(number - 1), talk.now)
        talk.scp.send_data_set(request.message_id, b"end!", is_last=True, now=talk.now)
        asked, *fragments, progress = talk.to_scu()
        assert asked == RequestReceived(STORE, request)
        assert data_set(fragments) == bytes(700) + b"end!"
        assert progress == ResponseReceived(GET, pending(number - 1))
        talk.scu.respond(response_to(request, SUCCESS), talk.now)
        assert talk.to_scp() == [ResponseReceived(STORE, response_to(request, SUCCESS))]
    final = response_to(get_rq(), 0xB000, has_data_set=True)
    talk.scp.respond(final, talk.now, b"failed UIDs")
    response, fragment = talk.to_scu()
    assert response == ResponseReceived(GET, final)
    assert fragment == DataSetFragment(1, is_response=True, data=b"failed UIDs", is_last=True)


def test_a_c_move_names_itself_in_its_sub_operations() -> None:
    talk = Conversation()
    request = CStoreRQ(
        message_id=1,
        affected_sop_class_uid=CT_IMAGE_STORAGE,
        affected_sop_instance_uid="1.2.3.4",
        priority=Priority.LOW,
        move_originator_ae_title="WORKSTATION",
        move_originator_message_id=77,
    )
    talk.scu.request(STORE, request, talk.now)
    talk.scu.send_data_set(1, b"object", is_last=True, now=talk.now)
    assert talk.to_scp()[0] == RequestReceived(STORE, request)


def test_d43_a_cancel_comes_in_the_middle_of_a_sub_operation() -> None:
    talk = getting()
    talk.scp.request(STORE, store_rq(9), talk.now)
    talk.scp.send_data_set(9, b"half", is_last=False, now=talk.now)
    talk.to_scu()
    talk.scu.cancel(1, talk.now)
    assert talk.to_scp() == [CancelReceived(1)]
    talk.scp.send_data_set(9, b"rest", is_last=True, now=talk.now)
    talk.to_scu()
    talk.scu.respond(response_to(store_rq(9), SUCCESS), talk.now)
    talk.to_scp()
    talk.scp.respond(response_to(get_rq(), CANCEL), talk.now)
    assert talk.to_scu() == [ResponseReceived(GET, response_to(get_rq(), CANCEL))]
    talk.scp.request(STORE, store_rq(10), talk.now)
    assert (talk.scp.open_requests, talk.scu.open_requests) == (0, 0)


def test_d43_a_cancel_of_what_is_over_or_never_was_means_nothing() -> None:
    talk = getting()
    talk.scp.request(STORE, store_rq(9), talk.now)
    talk.scu._invoked.open(replace(talk.scu._invoked._open[1], message_id=5))
    talk.scu.cancel(5, talk.now)
    assert talk.to_scp() == []
    talk.scu.cancel(1, talk.now)
    talk.scp.send_data_set(9, b"all", is_last=True, now=talk.now)
    talk.scp.respond(response_to(get_rq(), SUCCESS), talk.now)
    assert talk.to_scp() == []


def test_who_invoked_last_waits_for_the_other() -> None:
    """A C-GET is not answered before its sub-operations are, and those wait for a disk of ours."""
    talk = getting()
    talk.scp.request(STORE, store_rq(9), talk.now)
    talk.scp.send_data_set(9, b"all", is_last=True, now=talk.now)
    talk.to_scu()
    assert talk.scu.get_timer() is None
    talk.scu.handle_timer(1_000.0)
    with pytest.raises(RemoteProtocolError, match="no response within 60 s"):
        talk.scp.handle_timer(60.0)
    assert sent(talk.scp)[0] == 7


def test_the_response_is_due_once_its_sub_operation_is_answered() -> None:
    talk = getting()
    talk.scp.request(STORE, store_rq(9), talk.now)
    talk.scp.send_data_set(9, b"all", is_last=True, now=talk.now)
    talk.to_scu()
    talk.now = 100.0
    talk.scu.respond(response_to(store_rq(9), SUCCESS), talk.now)
    assert talk.scu.get_timer() == 160.0
    talk.to_scp()
    assert talk.scp.get_timer() is None


def test_a_response_to_a_sub_operation_that_is_none_aborts() -> None:
    talk = getting()
    talk.scp.request(STORE, store_rq(9), talk.now)
    talk.scp.send_data_set(9, b"all", is_last=True, now=talk.now)
    talk.to_scu()
    talk.scu.respond(response_to(store_rq(9), SUCCESS), talk.now)
    again = sent(talk.scu)
    talk.tell_scp(again)
    (error,) = talk.tell_scp(again)
    assert "C-STORE-RSP to Message ID 9, never asked" in str(error)


@pytest.mark.parametrize(
    ("scu", "scp", "requestor", "acceptor"),
    [
        pytest.param(True, False, True, False, id="SCU"),
        pytest.param(False, True, False, True, id="SCP"),
        pytest.param(True, True, True, True, id="both"),
        pytest.param(False, False, False, False, id="neither"),
    ],
)
def test_contexts_we_are_scu_of(*, scu: bool, scp: bool, requestor: bool, acceptor: bool) -> None:
    """PS3.7 section D.3.3.4: without role selection the requestor is SCU."""
    request = associate_rq()
    roles = (RoleSelection(CT_IMAGE_STORAGE, scu, scp),)
    information = replace(request.user_information, role_selections=roles)
    own = Association.requestor(LIMITS, replace(request, user_information=information), 0.0)
    assert Session(own, 0.0).contexts_as_scu() == ()
    own.transport_connected(0.0)
    theirs = Session(Association.acceptor(LIMITS, 0.0), 0.0)
    theirs.receive_data(b"".join(own.data_to_send()), 0.0)
    events_of(theirs)
    theirs.accept(replace(TERMS, scu_classes={CT_IMAGE_STORAGE}), None, 0.0)
    ours = Session(own, 0.0)
    ours.receive_data(sent(theirs), 0.0)
    events_of(ours)
    always = {each.context_id for each in (ECHO, FIND, GET)}
    assert context_ids(ours) == always | ({3} if requestor else set())
    assert context_ids(theirs) == ({3} if acceptor else set())
