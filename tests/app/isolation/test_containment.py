"""The campaign: every misbehaviour in every home that contains it, and the daemon goes on."""

import os
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from pacsd.api.errors import HookError, PluginError
from pacsd.app.isolation.containment import CONTAINMENT, Containment, Outcome
from pacsd.app.isolation.home import Home, State
from pacsd.app.isolation.inline import InlineHome
from pacsd.app.isolation.life import Limits
from pacsd.app.isolation.process import Clock, GuestProcess
from pacsd.app.isolation.thread import ThreadHome
from tests.app.isolation.homes import HOOK, NOT_SOON_S, asks, enabled, host_of, importable, living
from tests.app.isolation.misbehaving import DEEDS, PRINTED_LINES, REFUSAL, RELEASE
from tests.app.isolation.recording_logger import RecordingLogger

SOON_S = 0.1
LEVELS = ("inline", "thread", "process")

CONTAINED = [
    pytest.param(level, deed, id=f"{level}-{deed}")
    for deed, row in CONTAINMENT.items()
    for level in LEVELS
    if getattr(row, level) is not Outcome.NOT_CONTAINED
]


@pytest.fixture(autouse=True)
def hanging_ends() -> Iterator[None]:
    RELEASE.clear()
    with importable():
        yield
    RELEASE.set()


@pytest.fixture
async def logger() -> RecordingLogger:
    return RecordingLogger()


async def no_wait(_: float) -> None:
    await anyio.lowlevel.checkpoint()


def made(level: str, deed: str, folder: Path, logger: RecordingLogger) -> Home:
    """A home of a plugin ready to do a deed; it is given no time only where time must run out."""
    outcome: Outcome = getattr(CONTAINMENT[deed], level)
    table = {f"at_{when}": deed for when in ("startup", "shutdown") if deed.startswith(when)}
    plugin = enabled("PlainGate" if deed == "never_returns" else "Gate", folder, table)
    start_s = SOON_S if outcome is Outcome.NOT_STARTED and level != "process" else NOT_SOON_S
    stop_s = SOON_S if deed == "shutdown_waits" or level == "thread" else NOT_SOON_S
    if level == "inline":
        return InlineHome(plugin, host_of(logger), start_deadline_s=start_s, stop_grace_s=stop_s)
    if level == "thread":
        return ThreadHome(plugin, host_of(logger), start_deadline_s=start_s, stop_grace_s=stop_s)
    limits = Limits(
        start_deadline_s=3 if outcome is Outcome.NOT_STARTED else NOT_SOON_S,
        stop_grace_s=SOON_S if outcome in {Outcome.NOT_STARTED, Outcome.LOGGED} else NOT_SOON_S,
        cancel_grace_s=SOON_S if outcome is Outcome.RESTARTED else NOT_SOON_S,
    )
    return GuestProcess(plugin, host_of(logger), limits=limits, clock=Clock(sleep=no_wait))


async def provoked(home: Home, deed: str, logger: RecordingLogger) -> PluginError | None:
    """Have it do a deed; what is not done when the deed has begun runs into its deadline."""
    failure: PluginError | None = None

    async def call() -> None:
        nonlocal failure
        try:
            await home.call(HOOK, asks(deed))
        except PluginError as error:
            failure = error

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await logger.has_told("misbehaving")
        if deed in {
            "never_answers",
            "never_returns",
            "blocks_loop",
            "holds_interpreter",
            "stops_itself",
        }:
            tasks.cancel_scope.cancel()
    return failure


@pytest.mark.parametrize(("level", "deed"), CONTAINED)
async def test_p01_what_is_contained(
    level: str, deed: str, tmp_path: Path, logger: RecordingLogger
) -> None:
    outcome: Outcome = getattr(CONTAINMENT[deed], level)
    home = made(level, deed, tmp_path, logger)
    other = InlineHome(enabled("Gate", tmp_path), host_of(logger))
    async with living(other):
        await CHECKS[outcome](home, deed, logger)
        assert await other.call(HOOK, asks("behaves")) == REFUSAL


async def fails(home: Home, deed: str, logger: RecordingLogger) -> None:
    async with living(home):
        failure = await provoked(home, deed, logger)
        assert isinstance(failure, HookError)
        assert (failure.plugin, failure.hook) == ("bad", HOOK)
        assert failure.explanation == EXPLANATIONS[deed]
        assert await home.call(HOOK, asks("behaves")) == REFUSAL
        assert home.health().restarts == 0


async def is_cancelled(home: Home, deed: str, logger: RecordingLogger) -> None:
    async with living(home):
        assert await provoked(home, deed, logger) is None
        assert await home.call(HOOK, asks("behaves")) == REFUSAL
        assert home.health().restarts == 0


async def is_left_behind(home: Home, deed: str, logger: RecordingLogger) -> None:
    async with living(home):
        assert await provoked(home, deed, logger) is None
        assert home.health().state is State.RUNNING


async def is_restarted(home: Home, deed: str, logger: RecordingLogger) -> None:
    async with living(home):
        first = home.health().pid
        await provoked(home, deed, logger)
        ended = await logger.has_told("plugin's process ended")
        assert str(ended.fields["reason"]).startswith(REASONS[deed])
        await logger.has_told("plugin's process was restarted")
        assert await home.call(HOOK, asks("behaves")) == REFUSAL
        assert home.health().restarts == 1
        assert home.health().pid not in {first, None}


async def ends_with_it(home: Home, deed: str, logger: RecordingLogger) -> None:
    async with living(home):
        await provoked(home, deed, logger)
        pid = (await logger.has_told("forked")).fields["pid"]
        assert isinstance(pid, int)
        descriptor = os.pidfd_open(pid)
    with anyio.fail_after(NOT_SOON_S):
        await anyio.wait_readable(descriptor)
    os.close(descriptor)


async def is_counted(home: Home, deed: str, logger: RecordingLogger) -> None:
    async with living(home):
        assert await provoked(home, deed, logger) is None
        assert await home.call(HOOK, asks("behaves")) == REFUSAL
    lost = [str(line.fields["lines"]) for line in logger.of("lines of a plugin were lost")]
    written = [*logger.of("plugin printed"), *logger.of("misbehaving")]
    assert len(written) + sum(map(int, lost)) == PRINTED_LINES + 2
    assert lost


async def is_not_started(home: Home, _deed: str, _logger: RecordingLogger) -> None:
    async with anyio.create_task_group() as tasks:
        with pytest.raises(PluginError, match="within") as raised:
            await home.start(tasks)
        assert raised.value.plugin == "bad"
        await home.stop()


async def is_logged(home: Home, _deed: str, logger: RecordingLogger) -> None:
    async with living(home):
        assert await home.call(HOOK, asks("behaves")) == REFUSAL
    assert logger.of("plugin shutdown failed") or logger.of("plugin shutdown took too long")
    assert home.health().state is State.STOPPED


CHECKS = {
    Outcome.FAILS: fails,
    Outcome.CANCELLED: is_cancelled,
    Outcome.LEFT_BEHIND: is_left_behind,
    Outcome.RESTARTED: is_restarted,
    Outcome.ENDS_WITH_IT: ends_with_it,
    Outcome.COUNTED: is_counted,
    Outcome.NOT_STARTED: is_not_started,
    Outcome.LOGGED: is_logged,
}

EXPLANATIONS = {
    "raises": "raised KeyError: 'not there'",
    "exits": "raised SystemExit: 3",
    "cancels": "raised CancelledError: ",
    "wrong_type": "returned str instead of int at reason",
    "holds_itself": "returned list instead of str at explanation",
    "not_a_number": "returned float instead of int at reason",
    "huge_number": "returned int beyond 64 bits instead of int at reason",
    "long_answer": "answered a frame of 10,000,098 bytes instead of at most 2,097,152",
}

_LATE = "did not end a call within 0.1 s after its deadline"

REASONS = {
    "never_returns": _LATE,
    "blocks_loop": _LATE,
    "holds_interpreter": _LATE,
    "stops_itself": _LATE,
    "ends_process": "exited with code 5",
    "crashes": "ended by SIGABRT",
    "eats_memory": "raised MemoryError",
    "closes_descriptors": "",
}


def test_every_misbehaviour_is_done_and_looked_at() -> None:
    assert {*CONTAINMENT} == {*DEEDS} - {"behaves"}


@pytest.mark.parametrize("row", CONTAINMENT.values(), ids=CONTAINMENT)
def test_a_home_contains_what_a_weaker_one_does(row: Containment) -> None:
    levels = [getattr(row, level) is not Outcome.NOT_CONTAINED for level in LEVELS]
    assert levels == sorted(levels)
    assert row.process is not Outcome.NOT_CONTAINED
