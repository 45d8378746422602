"""Responses between their coming and their being taken."""

import anyio
import pytest

from pacsd.dimse.commands import CFindRSP
from pacsd.net import errors, several_responses
from pacsd.net.several_responses import (
    MAX_WAITING_BYTES,
    MAX_WAITING_RESPONSES,
    SeveralResponses,
)


def response(status: int, *, has_data_set: bool = True) -> CFindRSP:
    return CFindRSP(message_id_being_responded_to=1, status=status, has_data_set=has_data_set)


PENDING, FINAL = response(0xFF00), response(0, has_data_set=False)


def come(several: SeveralResponses, count: int, data_set: bytes = b"x") -> None:
    for _ in range(count):
        several.responded(PENDING)
        several.fragment(data_set, is_last=True)


async def test_a_response_is_there_when_its_data_set_is() -> None:
    several, taken = SeveralResponses(), []

    async def take() -> None:
        while not several.is_exhausted:
            taken.append(await several.take())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take)
        several.responded(PENDING)
        several.fragment(b"ab", is_last=False)
        await anyio.wait_all_tasks_blocked()
        assert taken == []
        several.fragment(b"cd", is_last=True)
        await anyio.wait_all_tasks_blocked()
        assert taken == [(PENDING, b"abcd")]
        several.responded(FINAL)
    assert taken[1:] == [(FINAL, b"")]


async def test_the_final_response_is_complete_with_its_data_set() -> None:
    several, final = SeveralResponses(), response(0xB000)
    several.responded(final)
    assert (several.is_ending, several.is_complete) == (True, False)
    several.fragment(b"failed", is_last=True)
    assert (several.is_complete, several.is_exhausted) == (True, False)
    assert await several.take() == (final, b"failed")
    assert several.is_exhausted


@pytest.mark.parametrize(
    ("count", "data_set"),
    [(MAX_WAITING_RESPONSES, b"x"), (4, bytes(MAX_WAITING_BYTES // 4))],
    ids=["many", "long"],
)
async def test_what_is_too_much_is_relieved_by_half(count: int, data_set: bytes) -> None:
    several = SeveralResponses()
    come(several, count - 1, data_set)
    assert not several.is_congested
    come(several, 1, data_set)
    assert several.is_congested
    for _ in range(count // 2):
        assert not several.is_relieved
        await several.take()
    assert (several.is_congested, several.is_relieved) == (False, True)


@pytest.mark.parametrize("is_last", [True, False])
def test_a_data_set_longer_than_any(monkeypatch: pytest.MonkeyPatch, *, is_last: bool) -> None:
    monkeypatch.setattr(several_responses, "MAX_IDENTIFIER_BYTES", 3)
    several = SeveralResponses()
    several.responded(PENDING)
    several.fragment(b"abc", is_last=False)
    assert not several.is_too_long
    several.fragment(b"d", is_last=is_last)
    assert several.is_too_long


async def test_a_failure_comes_behind_what_has_come() -> None:
    several = SeveralResponses()
    come(several, 1)
    several.fail(errors.ConnectionLost("gone"))
    assert await several.take() == (PENDING, b"x")
    with pytest.raises(errors.ConnectionLost):
        await several.take()


def test_what_is_dropped_takes_no_room() -> None:
    several = SeveralResponses()
    come(several, MAX_WAITING_RESPONSES)
    several.drop()
    come(several, MAX_WAITING_RESPONSES)
    assert several.is_relieved
    several.responded(FINAL)
    assert several.is_exhausted
