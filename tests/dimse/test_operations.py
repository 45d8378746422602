import pytest

from pacsd.dimse.commands import CStoreRSP
from pacsd.dimse.errors import LocalCommandError
from pacsd.dimse.operations import Operation, Operations
from tests.dimse.conversations import STORE


def operation(message_id: int, *, awaits_data_set: bool, number: int = 0) -> Operation:
    return Operation(
        message_id=message_id,
        context=STORE,
        response_type=CStoreRSP,
        awaits_data_set=awaits_data_set,
        number=number,
    )


def opened(message_id: int = 5, *, awaits_data_set: bool = True) -> Operations:
    operations = Operations()
    operations.open(operation(message_id, awaits_data_set=awaits_data_set))
    return operations


def test_an_operation_without_data_set_ends_with_its_response() -> None:
    operations = opened(awaits_data_set=False)
    assert 5 in operations
    assert len(operations) == 1
    operations.responded(5)
    assert 5 not in operations
    assert operations.get(5) is None


@pytest.mark.parametrize("is_answered_first", [True, False])
def test_an_operation_ends_with_response_and_data_set(*, is_answered_first: bool) -> None:
    operations = opened()
    steps = [operations.responded, operations.data_set_ended]
    first, second = steps if is_answered_first else reversed(steps)
    first(5)
    half_done = operations.get(5)
    assert half_done is not None
    assert half_done.awaits_data_set is is_answered_first
    assert half_done.awaits_response is not is_answered_first
    assert not half_done.is_complete
    second(5)
    assert not len(operations)


def test_message_ids_rise_skip_what_is_open_and_start_again_at_1() -> None:
    operations = opened(2)
    assert [operations.next_message_id() for _ in range(3)] == [1, 3, 4]
    operations._last_message_id = 0xFFFE
    assert [operations.next_message_id() for _ in range(3)] == [0xFFFF, 1, 3]


def test_message_ids_run_out() -> None:
    operations = Operations()
    for message_id in range(1, 0x10000):
        operations.open(operation(message_id, awaits_data_set=False))
    with pytest.raises(LocalCommandError, match="all Message IDs are in use"):
        operations.next_message_id()


def test_the_newest_is_the_one_opened_last_of_those_still_open() -> None:
    operations = Operations()
    assert operations.newest == 0
    for number, message_id in ((1, 7), (2, 5), (4, 6)):
        operations.open(operation(message_id, awaits_data_set=False, number=number))
    assert operations.newest == 4
    operations.responded(6)
    assert operations.newest == 2
