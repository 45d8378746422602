import pytest

from pacsd.api.acceptance import Refusal
from pacsd.api.dispatch.in_turn import First, Passage
from pacsd.api.errors import HookError
from pacsd.api.hook_facts import Policy
from tests.api.dispatch.panels import AsyncGate, Gate, PlainGate, SleepyGate, panel_of

NO = Refusal(1, 1, 1, "no")


def first(
    *plugins: object, policy: Policy = Policy.CLOSED, deadline_s: float = 15
) -> First[Refusal]:
    panel = panel_of(*plugins, policy=policy, deadline_s=deadline_s)
    return First(panel, lambda error: Refusal(2, 1, 1, str(error)))


async def test_without_implementations_all_pass() -> None:
    hook = first()
    assert not hook.is_implemented
    assert await hook(request="r") is None


@pytest.mark.parametrize("gate", [PlainGate, AsyncGate])
async def test_first_stops_at_the_first_answer(gate: type[Gate]) -> None:
    passing, refusing, unasked = gate(None), gate(NO), gate(None)
    hook = first(passing, refusing, unasked)
    assert hook.is_implemented
    assert await hook(request="r") is NO
    assert passing.asked == refusing.asked == ["r"]
    assert unasked.asked == []


async def test_a_coroutine_never_beats_an_earlier_answer() -> None:
    assert await first(PlainGate(NO), AsyncGate(Refusal(1, 1, 2, "later")))(request="r") is NO


async def test_closed_a_failure_is_the_answer() -> None:
    unasked = AsyncGate(None)
    refusal = await first(AsyncGate(None), AsyncGate(ValueError("x")), unasked)(request="r")
    assert refusal is not None
    assert refusal.result == 2
    assert "plugin plugin1" in refusal.explanation
    assert unasked.asked == []


async def test_open_the_next_one_is_asked() -> None:
    hook = first(AsyncGate(ValueError("x")), AsyncGate(NO), policy=Policy.OPEN)
    assert await hook(request="r") is NO


async def test_all_share_one_deadline() -> None:
    refusal = await first(AsyncGate(None), SleepyGate(), deadline_s=0.01)(request="r")
    assert refusal is not None
    assert "plugin1: pacsd_association_requested: no answer within 0.01 s" in refusal.explanation


def passage(*plugins: object) -> Passage[str, Refusal]:
    def become(value: str, answer: Refusal) -> str:
        return value + answer.explanation

    return Passage(panel_of(*plugins), "request", become, _Last)


class _Last(Refusal):
    pass


async def test_each_is_asked_about_what_those_before_it_made_of_it() -> None:
    gates = AsyncGate(Refusal(1, 1, 1, "+a")), PlainGate(None), AsyncGate(Refusal(1, 1, 1, "+b"))
    hook = passage(*gates)
    assert hook.is_implemented
    assert [(by, each.explanation) for by, each in await hook("x")] == [
        ("plugin0", "+a"),
        ("plugin2", "+b"),
    ]
    assert [gate.asked for gate in gates] == [["x"], ["x+a"], ["x+a"]]


async def test_after_the_last_one_nobody_is_asked() -> None:
    unasked = AsyncGate(None)
    assert len(await passage(AsyncGate(_Last(1, 1, 1, "no")), unasked)("x")) == 1
    assert unasked.asked == []


async def test_of_a_passage_that_fails_nothing_is_known() -> None:
    with pytest.raises(HookError, match="plugin1"):
        await passage(AsyncGate(Refusal(1, 1, 1, "+a")), AsyncGate(ValueError("x")))("x")
    assert await passage()("x") == []
