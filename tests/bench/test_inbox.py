import socket
from collections.abc import Iterator

import pytest

from contrib.bench import messages
from contrib.bench.inbox import COMMAND_FIELD, MESSAGE_ID, STATUS, Inbox
from contrib.bench.wire import NoAnswer
from pacsd.dimse.commands import CFindRSP, CStoreRQ

FIND = messages.STUDY_ROOT_FIND


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        yield ours, theirs


def pending(message_id: int) -> CFindRSP:
    return CFindRSP(
        message_id_being_responded_to=message_id,
        affected_sop_class_uid=FIND,
        status=0xFF00,
        has_data_set=True,
    )


def test_messages_that_come_together_are_told_apart(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    final = CFindRSP(message_id_being_responded_to=1, affected_sop_class_uid=FIND, status=0)
    theirs.sendall(
        messages.pdus(pending(1), bytes(10), 16_384) * 2 + messages.pdus(final, b"", 16_384)
    )
    inbox = Inbox(ours)
    read = [inbox.read() for _ in range(3)]
    assert [message and (message.number(STATUS), message.data_set_bytes) for message in read] == [
        (0xFF00, 10),
        (0xFF00, 10),
        (0, 0),
    ]


def test_a_message_in_many_parts_is_one(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    request = messages.with_uid(messages.store_message(16_384, rows=200), 1)
    inbox = Inbox(ours)
    for start in range(0, len(request), 4_001):
        theirs.sendall(request[start : start + 4_001])
    message = inbox.read()
    assert message is not None
    assert message.number(COMMAND_FIELD) == CStoreRQ.command_field
    assert message.number(MESSAGE_ID) == 1
    assert message.data_set_bytes > 200 * 200 * 2


def test_a_release_is_the_end(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(messages.RELEASE_RQ)
    assert Inbox(ours).read() is None


def test_anything_else_is_no_answer(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(messages.ABORT)
    with pytest.raises(NoAnswer, match="PDU type 7"):
        Inbox(ours).read()


def test_the_end_is_no_answer(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(messages.RELEASE_RQ[:3])
    theirs.close()
    with pytest.raises(NoAnswer, match="closed"):
        Inbox(ours).read()
