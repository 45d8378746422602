"""Hostile rows against a session: what is answered, what is aborted, what is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dimse.command_codec import decode_command, encode_command
from pacsd.dimse.commands import AnyCommand, CEchoRSP, response_to
from pacsd.dimse.events import DataSetFragment, PDVsTaken, RequestReceived, RequestRefused
from pacsd.dimse.incoming import MAX_COMMAND_FRAGMENTS, MAX_EMPTY_FRAGMENTS
from pacsd.dimse.outgoing import MAX_WAITING_MESSAGES
from pacsd.dimse.session import MAX_QUIET_PDVS
from pacsd.ul.decode import decode_p_data
from pacsd.ul.errors import RemoteProtocolError
from pacsd.ul.events import ReleaseConfirmed
from pacsd.ul.items import OperationsWindow
from pacsd.ul.pdu import PDV
from tests.dimse.command_strategies import element, us_element, with_group_length
from tests.dimse.conversations import (
    ABORT,
    ECHO,
    FIND,
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
SUCCESS, PENDING = 0x0000, 0xFF00
RELEASE_RP = bytes.fromhex("06 00 00000004 00000000")

ECHO_COMMAND = encode_command(echo_rq())
VERIFICATION_CLASS = element(0x0002, b"1.2.840.10008.1.1\0")
ECHO_FIELD, MESSAGE_ID_9 = us_element(0x0100, 0x0030), us_element(0x0110, 9)
NO_DATA_SET, A_DATA_SET = us_element(0x0800, 0x0101), us_element(0x0800, 0)

ECHO_PDV, STORE_PDV = command_pdv(echo_rq(), ECHO), command_pdv(store_rq(), STORE)
HALF_COMMAND = PDV(1, is_command=True, is_last=False, data=ECHO_COMMAND[:20])


def raw_command(*elements: bytes, context_id: int = 1) -> PDV:
    """A command set of these elements, whatever they are."""
    return PDV(context_id, is_command=True, is_last=True, data=with_group_length(*elements))


def commands_in(stream: bytes) -> list[AnyCommand]:
    """The command sets of P-DATA-TF PDUs, none of which is cut."""
    commands = []
    while stream:
        end = 6 + int.from_bytes(stream[2:6], "big")
        commands += [
            decode_command(pdv.data)
            for pdv in decode_p_data(memoryview(stream)[6:end]).pdvs
            if pdv.is_command
        ]
        stream = stream[end:]
    return commands


def assert_aborted(talk: Conversation, error: object, why: str) -> None:
    """A-ABORT(0,0) is written and nothing behind it is carried out."""
    assert isinstance(error, RemoteProtocolError), error
    assert (error.source, error.reason) == (0, 0)
    assert why in str(error)
    assert sent(talk.scp) == ABORT
    assert talk.tell_scp(p_data(ECHO_PDV)) == []
    assert sent(talk.scp) == b""


@pytest.mark.parametrize("is_one_pdu", [True, False])
@pytest.mark.parametrize(
    ("pdvs", "why"),
    [
        pytest.param([data_pdv(b"d")], "without a command set", id="data before a command"),
        pytest.param(
            [HALF_COMMAND, data_pdv(b"d", ECHO)], "without a command set", id="data in a command"
        ),
        pytest.param(
            [HALF_COMMAND, PDV(3, is_command=True, is_last=True, data=ECHO_COMMAND[20:])],
            "contexts 1 and 3 interleave",
            id="commands interleave",
        ),
        pytest.param(
            [STORE_PDV, data_pdv(b"d", is_last=False), ECHO_PDV],
            "while the data set on 3 is incomplete",
            id="a command in a data set",
        ),
        pytest.param([STORE_PDV, ECHO_PDV], "is incomplete", id="a command for a data set"),
        pytest.param([STORE_PDV, data_pdv(b"d", FIND)], "came on 3", id="data on another context"),
        pytest.param([STORE_PDV, data_pdv(b"d"), data_pdv(b"d")], "without a", id="data twice"),
    ],
)
def test_d22_what_forms_no_message_aborts(pdvs: list[PDV], why: str, *, is_one_pdu: bool) -> None:
    talk = Conversation(WINDOW)
    stream = p_data(*pdvs) if is_one_pdu else b"".join(map(p_data, pdvs))
    assert_aborted(talk, talk.tell_scp(stream)[-1], why)


def test_d23_a_data_set_without_end_stops_at_its_bound() -> None:
    talk = Conversation(max_data_set_bytes=10_000)
    talk.tell_scp(p_data(STORE_PDV))
    fragment = p_data(data_pdv(bytes(500), is_last=False))
    for _ in range(20):
        assert all(isinstance(event, DataSetFragment) for event in talk.tell_scp(fragment))
    (error,) = talk.tell_scp(fragment)
    assert_aborted(talk, error, "more than 10000 bytes (max_data_set_bytes)")


def test_d23_a_drained_data_set_has_the_same_bound() -> None:
    talk = Conversation(max_data_set_bytes=1_000)
    fragment = p_data(data_pdv(bytes(500), is_last=False))
    for _ in range(2):  # it counts anew with each message
        (refused,) = talk.tell_scp(
            p_data(raw_command(us_element(0x0100, 0x77), MESSAGE_ID_9, A_DATA_SET))
        )
        assert isinstance(refused, RequestRefused)
        assert talk.tell_scp(fragment * 2) == []
    sent(talk.scp)
    (error,) = talk.tell_scp(fragment)
    assert_aborted(talk, error, "more than 1000 bytes")


@pytest.mark.parametrize("is_command", [True, False])
def test_d23_empty_fragments_without_end(*, is_command: bool) -> None:
    talk = Conversation()
    if not is_command:
        talk.tell_scp(p_data(STORE_PDV))
    empty = PDV(1 if is_command else 3, is_command, is_last=False, data=b"")
    tolerated = talk.tell_scp(p_data(*[empty] * MAX_EMPTY_FRAGMENTS))
    told = [each for each in tolerated if not isinstance(each, PDVsTaken)]
    assert len(told) == (0 if is_command else MAX_EMPTY_FRAGMENTS)
    (error,) = talk.tell_scp(p_data(empty))
    assert_aborted(talk, error, "more than 64 empty fragments in a row")


def test_d23_crumbs_of_what_is_dropped_are_taken_a_few_at_a_time() -> None:
    talk = Conversation()
    talk.tell_scp(p_data(raw_command(us_element(0x0100, 0x77), MESSAGE_ID_9, A_DATA_SET)))
    crumbs = [PDV(1, is_command=False, is_last=False, data=b"xx")] * 100
    talk.scp.receive_data(p_data(*crumbs), talk.now)
    events = [talk.scp.next_event() for _ in range(8)]
    assert events == [PDVsTaken(MAX_QUIET_PDVS)] * 6 + [None, None]


def test_d23_a_command_set_in_crumbs() -> None:
    talk = Conversation()
    crumb = p_data(PDV(1, is_command=True, is_last=False, data=b"\0\0"))
    taken = talk.tell_scp(crumb * MAX_COMMAND_FRAGMENTS)
    assert taken == [PDVsTaken(MAX_QUIET_PDVS)] * (MAX_COMMAND_FRAGMENTS // MAX_QUIET_PDVS)
    (error,) = talk.tell_scp(crumb)
    assert_aborted(talk, error, "in over 1024 fragments")


def test_d23_a_command_set_in_as_many_fragments_as_there_may_be() -> None:
    talk = Conversation()
    padding = element(0x5110, bytes(MAX_COMMAND_FRAGMENTS - 200))
    whole = with_group_length(VERIFICATION_CLASS, ECHO_FIELD, MESSAGE_ID_9, NO_DATA_SET, padding)
    crumbs, rest = whole[: MAX_COMMAND_FRAGMENTS - 1], whole[MAX_COMMAND_FRAGMENTS - 1 :]
    for crumb in crumbs:
        assert not talk.tell_scp(
            p_data(PDV(1, is_command=True, is_last=False, data=bytes([crumb])))
        )
    last = PDV(1, is_command=True, is_last=True, data=rest)
    assert talk.tell_scp(p_data(last)) == [RequestReceived(ECHO, echo_rq(9))]


GROUP_LENGTH_TOO_SHORT = PDV(
    1,
    is_command=True,
    is_last=True,
    data=element(0, b"\1\0\0\0") + VERIFICATION_CLASS + ECHO_FIELD + MESSAGE_ID_9 + A_DATA_SET,
)


@pytest.mark.parametrize(
    ("pdv", "status"),
    [
        pytest.param(GROUP_LENGTH_TOO_SHORT, 0x0110, id="group length"),
        pytest.param(
            raw_command(us_element(0x0100, 0x7777), MESSAGE_ID_9, A_DATA_SET), 0x0211, id="7777H"
        ),
        pytest.param(raw_command(ECHO_FIELD, MESSAGE_ID_9, NO_DATA_SET), 0x0212, id="no SOP class"),
        pytest.param(
            raw_command(VERIFICATION_CLASS, ECHO_FIELD, MESSAGE_ID_9, A_DATA_SET),
            0x0212,
            id="a data set that C-ECHO never has",
        ),
        pytest.param(
            raw_command(
                VERIFICATION_CLASS,
                us_element(0x0100, 0x0001),
                MESSAGE_ID_9,
                us_element(0x0700, 0),
                element(0x1000, b"1.2\0"),
                NO_DATA_SET,
            ),
            0x0212,
            id="no data set though C-STORE has one",
        ),
    ],
)
@pytest.mark.parametrize("has_data_set", [True, False])
def test_d25_a_command_set_that_can_be_answered_is(
    pdv: PDV, status: int, *, has_data_set: bool
) -> None:
    """Whatever it said about a data set: the next message is understood."""
    talk = Conversation()
    (refused,) = talk.tell_scp(p_data(pdv))
    assert isinstance(refused, RequestRefused)
    assert (refused.context, refused.error.status) == (ECHO, status)
    answer = sent(talk.scp)
    assert us_element(0x0900, status) in answer
    assert us_element(0x0120, 9) in answer
    if has_data_set:
        pieces = [data_pdv(b"d", ECHO, is_last=False), data_pdv(b"", ECHO)]
        assert talk.tell_scp(b"".join(map(p_data, pieces))) == []
    assert talk.tell_scp(p_data(ECHO_PDV)) == [RequestReceived(ECHO, echo_rq())]
    assert talk.scp.open_requests == 1


@pytest.mark.parametrize(
    ("pdv", "why"),
    [
        pytest.param(
            raw_command(VERIFICATION_CLASS, ECHO_FIELD, NO_DATA_SET), "(0000,0110)", id="Message ID"
        ),
        pytest.param(
            raw_command(VERIFICATION_CLASS, ECHO_FIELD, MESSAGE_ID_9), "(0000,0800)", id="0800"
        ),
        pytest.param(raw_command(MESSAGE_ID_9, NO_DATA_SET), "(0000,0100)", id="Command Field"),
        pytest.param(
            raw_command(us_element(0x0100, 0x8030), us_element(0x0120, 1), NO_DATA_SET),
            "(0000,0900)",
            id="a response without status",
        ),
        pytest.param(
            raw_command(us_element(0x0100, 0x0FFF), NO_DATA_SET), "(0000,0120)", id="C-CANCEL"
        ),
        pytest.param(
            PDV(1, is_command=True, is_last=True, data=b"\0" * 7), "are no element", id="no element"
        ),
    ],
)
def test_d25_a_command_set_that_cannot_be_answered_aborts(pdv: PDV, why: str) -> None:
    talk = Conversation()
    (error,) = talk.tell_scp(p_data(pdv))
    assert_aborted(talk, error, why)


def test_d26_a_message_id_in_use_is_answered_and_its_data_set_drained() -> None:
    talk = Conversation(WINDOW)
    talk.tell_scp(p_data(command_pdv(echo_rq(7), ECHO)))
    (refused,) = talk.tell_scp(p_data(command_pdv(store_rq(7), STORE), data_pdv(b"d")))
    assert isinstance(refused, RequestRefused)
    assert refused.error.has_data_set
    (answer,) = commands_in(sent(talk.scp))
    assert answer == response_to(store_rq(7), 0x0210, error_comment="Message ID 7 is in use")
    talk.scp.respond(response_to(echo_rq(7), SUCCESS), talk.now)  # the first is still open
    assert talk.tell_scp(p_data(command_pdv(echo_rq(7), ECHO))) == [
        RequestReceived(ECHO, echo_rq(7))
    ]


@pytest.mark.parametrize("window", [None, OperationsWindow(1, 1), OperationsWindow(4, 1)])
def test_d26_past_the_window_aborts(window: OperationsWindow | None) -> None:
    allowed = 1 if window is None else window.max_invoked
    talk = Conversation(window)
    for message_id in range(1, allowed + 1):
        assert len(talk.tell_scp(p_data(command_pdv(echo_rq(message_id), ECHO)))) == 1
    (error,) = talk.tell_scp(p_data(command_pdv(echo_rq(99), ECHO)))
    assert_aborted(talk, error, f"more than the negotiated {allowed} operations")


def test_d26_a_message_id_in_use_is_told_even_when_the_window_is_full() -> None:
    talk = Conversation()
    (_, refused) = talk.tell_scp(p_data(ECHO_PDV) * 2)
    assert isinstance(refused, RequestRefused)
    assert refused.error.status == 0x0210


def test_refusals_that_wait_behind_our_data_set_have_a_bound() -> None:
    talk = Conversation()
    talk.scp.request(STORE, store_rq(), talk.now)
    talk.scp.send_data_set(1, b"half", is_last=False, now=talk.now)
    sent(talk.scp)
    unknown = p_data(raw_command(us_element(0x0100, 0x0777), MESSAGE_ID_9, NO_DATA_SET))
    assert len(talk.tell_scp(unknown * MAX_WAITING_MESSAGES)) == MAX_WAITING_MESSAGES
    assert sent(talk.scp) == b""
    (error,) = talk.tell_scp(unknown)
    assert_aborted(talk, error, "too many messages wait")


def test_refusals_that_waited_go_out_when_our_data_set_ends() -> None:
    talk = Conversation()
    talk.scp.request(STORE, store_rq(), talk.now)
    sent(talk.scp)
    bad = raw_command(ECHO_FIELD, MESSAGE_ID_9, NO_DATA_SET)
    talk.tell_scp(p_data(bad) * MAX_WAITING_MESSAGES)
    talk.scp.send_data_set(1, b"all", is_last=True, now=talk.now)
    answers = commands_in(sent(talk.scp))
    assert [type(answer) for answer in answers] == [CEchoRSP] * MAX_WAITING_MESSAGES
    assert len(talk.tell_scp(p_data(bad))) == 1


@pytest.mark.parametrize(
    "late",
    [
        p_data(ECHO_PDV),
        p_data(STORE_PDV, data_pdv(b"half", is_last=False)) + p_data(data_pdv(b"rest")),
        p_data(raw_command(us_element(0x0100, 0x7777), MESSAGE_ID_9, A_DATA_SET), data_pdv(b"d")),
    ],
)
def test_a_request_that_crosses_our_release_is_passed_over(late: bytes) -> None:
    """Nothing but A-ABORT may follow our A-RELEASE-RQ (PS3.8 table 9-10, Sta7)."""
    talk = Conversation()
    talk.scp.release(talk.now)
    sent(talk.scp)
    assert talk.tell_scp(late + RELEASE_RP) == [ReleaseConfirmed()]
    assert sent(talk.scp) == b""


def test_a_response_that_crosses_our_release_still_comes() -> None:
    talk = Conversation()
    talk.scu.request(ECHO, echo_rq(), talk.now)
    talk.to_scp()
    talk.scu.release(talk.now)
    talk.scp.respond(response_to(echo_rq(), SUCCESS), talk.now)
    (event,) = talk.to_scu()
    assert not isinstance(event, RemoteProtocolError)


def test_a_response_of_another_operation_aborts() -> None:
    """Else a C-ECHO-RSP could pass for the word that an instance is stored."""
    talk = Conversation()
    talk.scu.request(STORE, store_rq(), talk.now)
    talk.scu.send_data_set(1, b"d", is_last=True, now=talk.now)
    talk.scu.receive_data(p_data(command_pdv(response_to(echo_rq(1), SUCCESS), STORE)), talk.now)
    (error,) = events_of(talk.scu)
    assert isinstance(error, RemoteProtocolError)
    assert str(error) == "C-ECHO-RSP to Message ID 1, never asked"


@given(
    st.lists(st.tuples(st.booleans(), st.binary(min_size=0, max_size=40)), max_size=20),
    st.booleans(),
)
def test_any_fragmentation_of_a_response_gives_the_same_events(
    cuts: list[tuple[bool, bytes]],
    has_empty_end: bool,
) -> None:
    """The parts of an identifier, each in a new PDU or in that of the part before."""
    talk = Conversation()
    talk.scu.request(FIND, find_rq(), talk.now)
    talk.scu.send_data_set(1, b"keys", is_last=True, now=talk.now)
    sent(talk.scu)
    pending = response_to(find_rq(), PENDING, has_data_set=True)
    parts = [part for _, part in cuts] + ([b""] if has_empty_end else [b"end"])
    pdus: list[list[PDV]] = [[command_pdv(pending, FIND)]]
    for number, part in enumerate(parts):
        pdv = data_pdv(part, FIND, is_last=number == len(parts) - 1)
        if number < len(cuts) and not cuts[number][0]:
            pdus[-1].append(pdv)
        else:
            pdus.append([pdv])
    talk.scu.receive_data(b"".join(p_data(*pdvs) for pdvs in pdus), talk.now)
    announced, *fragments = events_of(talk.scu)
    assert not isinstance(announced, (RemoteProtocolError, DataSetFragment))
    assert data_set(fragments) == b"".join(parts)
    assert all(isinstance(each, DataSetFragment) and each.is_response for each in fragments)
