import asyncio
import threading

import anyio
import pytest

from pacsd.api import hooks
from pacsd.api.acceptance import Refusal
from pacsd.api.dispatch.breaker import FAILURES_IN_A_ROW
from pacsd.api.dispatch.implementation import Arguments
from pacsd.api.dispatch.tally import Ending, Tally
from pacsd.api.errors import HookError, PluginError
from tests.api.dispatch.panels import (
    REQUESTED,
    AsyncGate,
    Gate,
    PlainGate,
    SleepyGate,
    implementation_of,
    panel_of,
)

NO = Refusal(1, 1, 1, "no")
ANY = {"request": "r"}


class StuckGate:
    def __init__(self) -> None:
        self.release = threading.Event()

    @hooks.hookimpl
    def pacsd_association_requested(self) -> None:
        self.release.wait()


@pytest.mark.parametrize("gate", [PlainGate, AsyncGate])
@pytest.mark.parametrize("raised", [ValueError("boom"), SystemExit(3), asyncio.CancelledError()])
async def test_p01_what_raises_is_contained_and_named(
    gate: type[Gate], raised: BaseException
) -> None:
    errors: list[HookError] = []
    tally = Tally()
    [(_, error)] = await panel_of(gate(raised), errors=errors, tally=tally).ask_all(ANY)
    assert errors == [error]
    assert f"plugin plugin0: {REQUESTED}: raised {type(raised).__name__}" in str(error)
    assert error.__cause__ is raised
    assert tally.counts[REQUESTED, "plugin0"].endings == {Ending.RAISED: 1}


@pytest.mark.parametrize("gate", [PlainGate, AsyncGate])
async def test_where_it_raised_is_told_and_kept(gate: type[Gate]) -> None:
    tally = Tally()
    [(_, error)] = await panel_of(gate(ValueError("boom")), tally=tally).ask_all(ANY)
    frames = [line for line in error.traceback.splitlines() if line.startswith("  File ")]
    assert "/pacsd/api/dispatch/" not in frames[0]
    assert "/tests/api/dispatch/panels.py" in frames[-1]
    assert error.traceback.endswith("ValueError: boom")
    assert tally.last_calls()[0].traceback == error.traceback


async def test_what_a_home_knows_of_where_is_told() -> None:
    class Elsewhere:
        @hooks.hookimpl
        async def pacsd_association_requested(self) -> None:
            error = HookError("plugin0", REQUESTED, "raised ValueError: boom")
            error.traceback = "Traceback of another process"
            raise error

    [(_, error)] = await panel_of(Elsewhere()).ask_all(ANY)
    assert error.traceback == "Traceback of another process"
    assert error.explanation == "raised ValueError: boom"


async def test_who_answered_what_is_told_and_its_kind_kept() -> None:
    tally, told = Tally(), list[object]()
    plugins = [AsyncGate(NO), AsyncGate(None), AsyncGate("junk")]
    panel = panel_of(*plugins, tally=tally, on_answer=lambda *answer: told.append(answer))
    await panel.ask_all(ANY)
    assert told == [("plugin0", REQUESTED, NO)]
    assert [call.kind for call in tally.last_calls()] == ["Refusal 1/1/1", "", ""]


async def test_p01_junk_is_named() -> None:
    tally = Tally()
    [(_, error)] = await panel_of(AsyncGate("yes"), tally=tally).ask_all(ANY)
    assert "returned str instead of Refusal or None" in str(error)
    assert tally.last_calls()[0].ending is Ending.JUNK


async def test_p01_a_late_coroutine_is_named() -> None:
    tally = Tally()
    [(_, error)] = await panel_of(SleepyGate(), deadline_s=0.01, tally=tally).ask_all(ANY)
    assert "plugin plugin0" in str(error)
    assert "no answer within 0.01 s" in str(error)
    assert tally.last_calls()[0].ending is Ending.LATE


async def test_p01_a_late_function_is_left_behind() -> None:
    gate = StuckGate()
    try:
        [(_, error)] = await panel_of(gate, deadline_s=0.01).ask_all(ANY)
    finally:
        gate.release.set()
    assert isinstance(error, HookError)


async def test_being_cancelled_is_no_answer() -> None:
    errors: list[HookError] = []
    with anyio.move_on_after(0.01) as scope:
        await panel_of(SleepyGate(), errors=errors).ask_all(ANY)
    assert scope.cancelled_caught
    assert errors == []


async def test_answers_are_in_the_order_of_asking_whoever_is_first() -> None:
    panel = panel_of(PlainGate(NO), AsyncGate(None), PlainGate(None), AsyncGate(NO))
    assert [each for _, each in await panel.ask_all(ANY)] == [NO, None, None, NO]


async def test_those_elsewhere_are_asked_together() -> None:
    both = threading.Barrier(2)

    class Meeting:
        @hooks.hookimpl
        def pacsd_association_requested(self) -> None:
            both.wait(timeout=15)

    told = await panel_of(Meeting(), Meeting()).ask_all(ANY)
    assert told == [("plugin0", None), ("plugin1", None)]


async def test_who_fails_too_often_is_not_asked_any_more() -> None:
    gate, tally, errors = AsyncGate(ValueError("boom")), Tally(), list[HookError]()
    panel = panel_of(gate, tally=tally, errors=errors)
    for _ in range(FAILURES_IN_A_ROW):
        await panel.ask_all(ANY)
    [(_, error)] = await panel.ask_all(ANY)
    assert f"failed {FAILURES_IN_A_ROW} times in a row; not asked for" in str(error)
    assert len(gate.asked) == len(errors) == FAILURES_IN_A_ROW
    assert tally.counts[REQUESTED, "plugin0"].endings[Ending.RESTING] == 1


async def test_p01_a_record_with_junk_in_it_is_junk() -> None:
    def fits(answer: object, arguments: Arguments) -> None:
        assert arguments is ANY
        raise ValueError(f"{type(answer).__name__} instead of int at result")

    [(_, error)] = await panel_of(AsyncGate(NO), fits=fits).ask_all(ANY)
    assert "returned Refusal instead of int at result" in str(error)


async def test_what_a_home_says_is_told_as_it_is() -> None:
    cause = OSError("gone")
    failure = PluginError("plugin0", "is not running")
    failure.__cause__ = cause
    [(_, error)] = await panel_of(AsyncGate(failure)).ask_all(ANY)
    assert str(error) == f"plugin plugin0: {REQUESTED}: is not running"
    assert error.__cause__ is cause


async def test_who_is_asked_is_replaced_in_one_step() -> None:
    began, go_on = anyio.Event(), anyio.Event()

    class Slow:
        @hooks.hookimpl
        async def pacsd_association_requested(self) -> None:
            began.set()
            await go_on.wait()

    old, new = AsyncGate("old"), AsyncGate("new")
    panel = panel_of(Slow(), old)
    answers: list[tuple[str, object]] = []

    async def ask() -> None:
        answers.extend(await panel.ask_all({"request": "r"}))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await began.wait()
        before = panel.replace([implementation_of(2, new, REQUESTED)])
        assert (before.replaced, panel.lineup.replaced) == (True, False)
        await panel.ask_all({"request": "r"})
        assert (old.asked, new.asked) == ([], ["r"])
        go_on.set()
        await before.idle()
        # A call in progress ends with those who were asked when it began.
        assert (old.asked, new.asked) == (["r"], ["r"])
    assert [plugin for plugin, _ in answers] == ["plugin0", "plugin1"]
    panel.replace([])
    assert not panel.is_implemented
