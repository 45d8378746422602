import asyncio
from collections.abc import Callable

import pytest

from pacsd.api.dispatch.own_traceback import MAX_CHARACTERS, own_traceback
from pacsd.app.isolation.contained import Raised, contained


async def plugin(raised: BaseException) -> None:
    await asyncio.wait_for(deeper(raised), 30)


async def deeper(raised: BaseException) -> None:
    raise raised


async def raised_by(raised: BaseException) -> BaseException:
    """As it comes out of a home."""
    with pytest.raises(Raised) as found:
        await contained(plugin(raised))
    cause = found.value.__cause__
    assert cause is raised
    return cause


async def test_frames_before_the_first_of_its_own_are_left_out() -> None:
    lines = own_traceback(await raised_by(ValueError("boom"))).splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    places = [line.rpartition(" in ")[2] for line in lines if line.startswith("  File ")]
    assert places == ["plugin", "wait_for", "deeper"]
    assert lines[-1] == "ValueError: boom"


def test_without_a_frame_there_is_none() -> None:
    assert own_traceback(ValueError("boom")) == ""


class Speechless(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


class Crooked(Exception):
    def __getattribute__(self, name: str) -> object:
        if name == "__notes__":
            raise OSError("nothing is to be had")
        return super().__getattribute__(name)


async def test_p01_an_exception_that_cannot_speak() -> None:
    assert "Speechless: <exception str() failed>" in own_traceback(await raised_by(Speechless()))
    told = own_traceback(await raised_by(Crooked()))
    assert told == "(its traceback cannot be had: OSError)"


def recursing(depth: int = 0) -> int:
    return recursing(depth + 1)


def chained(length: int) -> None:
    try:
        if length:
            chained(length - 1)
        int("the first")
    except ValueError as error:
        raise ValueError("x" * 100) from error


@pytest.mark.parametrize(
    ("culprit", "end"),
    [
        (recursing, "maximum recursion depth exceeded"),
        (lambda: chained(50), "ValueError: " + "x" * 100),
        (lambda: int("z" * 20_000), "z"),
    ],
)
def test_p01_it_has_an_end(culprit: Callable[[], object], end: str) -> None:
    with pytest.raises((RecursionError, ValueError)) as raised:
        culprit()
    told = own_traceback(raised.value)
    assert len(told) <= MAX_CHARACTERS
    assert "Traceback (most recent call last):" in told
    assert told.endswith(end)


def test_a_group_and_text_that_is_no_unicode() -> None:
    group = ExceptionGroup("several", [ValueError(f"\udcff {number}") for number in range(50)])
    with pytest.raises(ExceptionGroup) as raised:
        raise group
    told = own_traceback(raised.value)
    told.encode()
    assert r"\udcff 0" in told
    assert "and 45 more exceptions" in told
