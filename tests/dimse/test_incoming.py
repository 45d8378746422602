import pytest

from pacsd.dimse.command_codec import MAX_COMMAND_SET_BYTES
from pacsd.dimse.errors import MessageOrderError
from pacsd.dimse.incoming import MAX_EMPTY_FRAGMENTS, CommandSet, Fragment, Incoming
from pacsd.ul.pdu import PDV


def command(data: bytes, context_id: int = 1, *, is_last: bool = True) -> PDV:
    return PDV(context_id, is_command=True, is_last=is_last, data=data)


def data(value: bytes, context_id: int = 1, *, is_last: bool = True) -> PDV:
    return PDV(context_id, is_command=False, is_last=is_last, data=value)


def expecting(max_data_set_bytes: int = 0) -> Incoming:
    incoming = Incoming(max_data_set_bytes)
    incoming.receive(command(b"c"))
    incoming.expect_data_set()
    return incoming


def test_a_command_set_in_one_fragment_is_not_copied() -> None:
    value = b"whole"
    received = Incoming(0).receive(command(value))
    assert isinstance(received, CommandSet)
    assert received.data is value


def test_a_command_set_in_fragments_is_joined() -> None:
    incoming = Incoming(0)
    assert incoming.receive(command(b"ab", is_last=False)) is None
    assert incoming.is_in_message
    assert incoming.receive(command(b"", is_last=False)) is None
    assert incoming.receive(command(b"cd")) == CommandSet(1, b"abcd")
    assert not incoming.is_in_message


def test_a_data_set_passes_through() -> None:
    incoming = expecting()
    assert incoming.is_in_message
    assert incoming.receive(data(b"ab", is_last=False)) == Fragment(b"ab", is_last=False)
    assert incoming.is_in_message
    assert incoming.receive(data(b"")) == Fragment(b"", is_last=True)
    assert not incoming.is_in_message


@pytest.mark.parametrize(
    ("pdv", "rule"),
    [
        (command(b"c"), "while the data set on 1 is incomplete"),
        (data(b"d", context_id=3), "the command set came on 1"),
    ],
)
def test_what_interrupts_a_data_set(pdv: PDV, rule: str) -> None:
    with pytest.raises(MessageOrderError, match=rule):
        expecting().receive(pdv)


def test_a_data_set_that_nothing_announces() -> None:
    incoming = Incoming(0)
    with pytest.raises(MessageOrderError, match="without a command set"):
        incoming.receive(data(b"d"))
    incoming.receive(command(b"c"))
    with pytest.raises(MessageOrderError, match="without a command set"):
        incoming.receive(data(b"d"))


def test_a_second_data_set_of_one_message() -> None:
    incoming = expecting()
    incoming.receive(data(b"d"))
    with pytest.raises(MessageOrderError, match="without a command set"):
        incoming.receive(data(b"d"))


def test_commands_that_interleave() -> None:
    incoming = Incoming(0)
    incoming.receive(command(b"c", is_last=False))
    with pytest.raises(MessageOrderError, match="1 and 3 interleave"):
        incoming.receive(command(b"c", context_id=3))


def test_a_data_set_inside_a_command_set() -> None:
    incoming = Incoming(0)
    incoming.receive(command(b"c", is_last=False))
    with pytest.raises(MessageOrderError, match="without a command set"):
        incoming.receive(data(b"d"))


def test_drained_data_set_goes_nowhere_until_the_next_command() -> None:
    incoming = Incoming(0)
    incoming.receive(command(b"c"))
    incoming.drain()
    assert incoming.receive(data(b"d", is_last=False)) is None
    assert incoming.receive(data(b"d")) is None
    assert incoming.receive(command(b"next")) == CommandSet(1, b"next")
    with pytest.raises(MessageOrderError, match="without a command set"):
        incoming.receive(data(b"d"))


@pytest.mark.parametrize("parts", [1, 2])
def test_a_command_set_has_a_bound(parts: int) -> None:
    incoming = Incoming(0)
    size = MAX_COMMAND_SET_BYTES // parts
    for _ in range(parts):
        incoming.receive(command(bytes(size), is_last=False))
    with pytest.raises(MessageOrderError, match="are the most"):
        incoming.receive(command(b"x"))
    with pytest.raises(MessageOrderError, match="are the most"):
        Incoming(0).receive(command(bytes(MAX_COMMAND_SET_BYTES + 1)))


def test_a_data_set_has_a_bound_of_its_own_each_time() -> None:
    incoming = expecting(max_data_set_bytes=10)
    incoming.receive(data(bytes(10)))
    incoming.receive(command(b"c"))
    incoming.expect_data_set()
    incoming.receive(data(bytes(10), is_last=False))
    with pytest.raises(MessageOrderError, match="more than 10 bytes"):
        incoming.receive(data(b"x"))


def test_empty_fragments_in_a_row_have_a_bound() -> None:
    incoming = expecting()
    for _ in range(2):
        for _ in range(MAX_EMPTY_FRAGMENTS):
            incoming.receive(data(b"", is_last=False))
        incoming.receive(data(b"x", is_last=False))
    for _ in range(MAX_EMPTY_FRAGMENTS):
        incoming.receive(data(b"", is_last=False))
    with pytest.raises(MessageOrderError, match="empty fragments"):
        incoming.receive(data(b"", is_last=False))


def test_what_is_drained_has_the_same_bound() -> None:
    incoming = Incoming(10)
    incoming.receive(command(b"c"))
    incoming.drain()
    incoming.receive(data(bytes(10), is_last=False))
    with pytest.raises(MessageOrderError, match="more than 10 bytes"):
        incoming.receive(data(b"x", is_last=False))
