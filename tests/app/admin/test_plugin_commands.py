from collections.abc import Awaitable

import pytest

from pacsd.api.dispatch.breaker import FAILURES_IN_A_ROW, REST_S
from pacsd.api.dispatch.tally import LAST_CALLS, Call, Ending, Tally
from pacsd.api.health import Health
from pacsd.app.admin.plugin_commands import plugin_commands
from pacsd.app.admin.plugin_records import HookCount, PluginState, TraceAnswer
from pacsd.app.admin.unix_socket import AdminError

NOW = 100.0


async def nobody() -> dict[str, Health]:
    return {}


def note(
    tally: Tally, ended_at: float, plugin: str = "acme", ending: Ending = Ending.ANSWERED
) -> None:
    count = tally.count_of("pacsd_hook", plugin)
    tally.note(count, Call(ended_at, "pacsd_hook", plugin, 0.5, ending))


def counts(tally: Tally) -> list[HookCount]:
    found = plugin_commands(tally, nobody, lambda: NOW)["plugins.counts"]({})
    assert isinstance(found, list)
    return found


def trace(tally: Tally, **arguments: object) -> TraceAnswer:
    found = plugin_commands(tally, nobody, lambda: NOW)["plugins.trace"](arguments)
    assert isinstance(found, TraceAnswer)
    return found


def test_a_hook_that_was_never_called_is_there() -> None:
    tally = Tally()
    tally.count_of("pacsd_hook", "acme")
    assert counts(tally) == [HookCount("acme", "pacsd_hook", 0, 0, 0, 0.0, 0.0)]


def test_calls_failures_and_rest_are_told() -> None:
    tally = Tally()
    for ending in Ending:
        note(tally, NOW, ending=ending)
    breaker = tally.count_of("pacsd_hook", "acme").breaker
    for _ in range(FAILURES_IN_A_ROW):
        breaker.failed(NOW - 10)
    assert counts(tally) == [HookCount("acme", "pacsd_hook", 4, 3, 1, 2.5, REST_S - 10)]


def test_the_last_calls_come_with_their_numbers_the_oldest_first() -> None:
    tally = Tally()
    for number in range(1, 4):
        note(tally, NOW - 10 + number)
    answer = trace(tally)
    assert (answer.first, answer.last) == (1, 3)
    assert [(call.number, call.ago_s) for call in answer.calls] == [(1, 9.0), (2, 8.0), (3, 7.0)]
    assert [call.number for call in trace(tally, limit=2).calls] == [2, 3]
    assert [call.number for call in trace(tally, after=2).calls] == [3]


def test_what_was_answered_and_where_it_raised_are_told() -> None:
    tally = Tally()
    count = tally.count_of("hook", "acme")
    tally.note_answer(count, "hook", "acme", NOW, 0.5, "Deny")
    tally.note(count, Call(NOW, "hook", "acme", 0.5, Ending.RAISED, traceback="Traceback"))
    told = [(call.ending, call.kind, call.traceback) for call in trace(tally).calls]
    assert told == [("answered", "Deny", ""), ("raised", "", "Traceback")]


def test_before_any_call_there_is_none() -> None:
    assert trace(Tally()) == TraceAnswer(1, 0, ())


def test_numbers_go_on_when_the_first_calls_are_forgotten() -> None:
    tally = Tally()
    for number in range(LAST_CALLS + 5):
        note(tally, float(number))
    answer = trace(tally, limit=LAST_CALLS + 5)
    assert (answer.first, answer.last) == (6, LAST_CALLS + 5)
    assert len(answer.calls) == LAST_CALLS


def test_only_one_plugin_or_hook_if_named() -> None:
    tally = Tally()
    note(tally, 1.0, "one")
    note(tally, 2.0, "two", Ending.LATE)
    [call] = trace(tally, plugin="two").calls
    assert (call.number, call.ending, call.seconds) == (2, "late", 0.5)
    assert len(trace(tally, hook="pacsd_hook").calls) == 2
    assert trace(tally, hook="pacsd_other").calls == ()


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(AdminError, match="after must be a whole number"):
        trace(Tally(), after=-1)


async def test_how_plugins_are_is_told() -> None:
    async def healths() -> dict[str, Health]:
        return {"acme": Health(is_well=False, explanation="no disk")}

    answer = plugin_commands(Tally(), healths)["plugins.states"]({})
    assert isinstance(answer, Awaitable)
    assert await answer == [PluginState("acme", is_well=False, explanation="no disk")]
