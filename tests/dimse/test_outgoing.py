import pytest

from pacsd.dimse.errors import LocalCommandError
from pacsd.dimse.outgoing import MAX_WAITING_MESSAGES, Outgoing
from pacsd.ul.decode import decode_p_data
from pacsd.ul.pdu import PDV
from tests.dimse.conversations import Conversation

ROOM = 256 - 6
"""The requestor takes P-DATA-TF fields of 256 bytes, of which a PDV has a header of 6."""


class Written:
    """What an acceptor writes."""

    def __init__(self) -> None:
        self.association = Conversation().scp.association
        self.outgoing = Outgoing(self.association)

    def pdvs(self) -> list[PDV]:
        """The PDVs written since; each must stand in a PDU of its own."""
        stream, pdvs = b"".join(self.association.data_to_send()), []
        while stream:
            end = 6 + int.from_bytes(stream[2:6], "big")
            (pdv,) = decode_p_data(memoryview(stream)[6:end]).pdvs
            pdvs.append(pdv._replace(data=bytes(pdv.data)))
            stream = stream[end:]
        return pdvs


def test_a_command_alone() -> None:
    written = Written()
    written.outgoing.whole(1, b"command")
    assert written.pdvs() == [PDV(1, is_command=True, is_last=True, data=b"command")]


@pytest.mark.parametrize("length", [0, 1, ROOM, ROOM + 1, 3 * ROOM])
def test_a_data_set_is_cut_at_what_the_peer_takes(length: int) -> None:
    written = Written()
    written.outgoing.whole(3, b"command", bytes(length))
    _, *fragments = written.pdvs()
    assert b"".join(map(bytes, (each.data for each in fragments))) == bytes(length)
    assert [each.is_last for each in fragments] == [False] * (len(fragments) - 1) + [True]
    assert len(fragments) == max(1, -(-length // ROOM))
    assert {each.is_command for each in fragments} == {False}


def test_a_long_command_set_is_cut_too() -> None:
    written = Written()
    written.outgoing.whole(1, bytes(ROOM + 1))
    assert [(each.is_command, each.is_last) for each in written.pdvs()] == [
        (True, False),
        (True, True),
    ]


def test_only_the_last_fragment_is_the_last() -> None:
    written = Written()
    written.outgoing.begin(3, b"command")
    assert written.outgoing.is_sending_data_set
    written.outgoing.fragment(b"one", is_last=False)
    written.outgoing.fragment(b"two", is_last=True)
    assert not written.outgoing.is_sending_data_set
    assert [each.is_last for each in written.pdvs()] == [True, False, True]


def test_other_messages_wait_for_the_end_of_a_data_set_and_keep_their_order() -> None:
    written = Written()
    written.outgoing.begin(3, b"command")
    written.outgoing.whole(1, b"first", b"its data")
    written.outgoing.whole(1, b"second")
    assert len(written.pdvs()) == 1
    written.outgoing.fragment(b"end", is_last=True)
    assert [each.data for each in written.pdvs()] == [b"end", b"first", b"its data", b"second"]


def test_a_fragment_needs_a_message() -> None:
    with pytest.raises(LocalCommandError, match="no message with a data set is open"):
        Written().outgoing.fragment(b"data", is_last=True)


def test_one_data_set_at_a_time() -> None:
    written = Written()
    written.outgoing.begin(3, b"command")
    with pytest.raises(LocalCommandError, match="must end first"):
        written.outgoing.begin(3, b"command")


def test_what_waits_is_counted() -> None:
    written = Written()
    written.outgoing.begin(3, b"command")
    for _ in range(MAX_WAITING_MESSAGES):
        assert not written.outgoing.is_crowded
        written.outgoing.whole(1, b"waits")
    assert written.outgoing.is_crowded
    written.outgoing.fragment(b"end", is_last=True)
    assert not written.outgoing.is_crowded
