import pytest

from pacsd.api.acceptance import Refusal
from pacsd.api.dispatch.all_asked import Collect, Notify, Vote
from pacsd.api.errors import HookError
from pacsd.api.hook_facts import Kind, Policy
from pacsd.api.vote import Allow, Deny
from tests.api.dispatch.panels import AsyncGate, Gate, PlainGate, SleepyGate, panel_of

NO = Deny("not on Fridays")
NOBODY = Deny("nobody allows it")


async def test_all_are_told_whoever_fails() -> None:
    told: list[Gate] = [AsyncGate(ValueError("x")), PlainGate(None), AsyncGate(None)]
    notify = Notify(panel_of(*told, kind=Kind.NOTIFY, policy=Policy.OPEN, answers=()))
    assert notify.is_implemented
    await notify(request="r")
    assert [each.asked for each in told] == [["r"]] * 3
    await Notify(panel_of())(request="r")


def vote(
    *plugins: object,
    policy: Policy = Policy.CLOSED,
    deadline_s: float = 15,
    without_allowance: Deny | None = None,
) -> Vote:
    panel = panel_of(
        *plugins, kind=Kind.VOTE, policy=policy, answers=(Allow, Deny), deadline_s=deadline_s
    )
    return Vote(panel, without_allowance)


async def test_any_denial_wins_and_all_were_asked() -> None:
    gates = [AsyncGate(None), AsyncGate(NO), AsyncGate(Deny("later"))]
    assert await vote(*gates)(request="r") is NO
    assert [each.asked for each in gates] == [["r"]] * 3


async def test_nobody_against_it_is_no_denial() -> None:
    assert vote(AsyncGate(None)).is_implemented
    assert await vote(AsyncGate(None), PlainGate(None))(request="r") is None
    assert await vote()(request="r") is None


async def test_where_it_is_needed_somebody_has_to_allow_it() -> None:
    for gates, answer in (
        ([AsyncGate(None), PlainGate(None)], NOBODY),
        ([AsyncGate(None), PlainGate(Allow())], None),
        ([AsyncGate(Allow()), PlainGate(NO)], NO),
        ([], None),
    ):
        assert await vote(*gates, without_allowance=NOBODY)(request="r") is answer
    failing = [AsyncGate(Allow()), AsyncGate(ValueError("x"))]
    denied = await vote(*failing, without_allowance=NOBODY)(request="r")
    assert denied is not None
    assert "plugin plugin1" in denied.reason


@pytest.mark.parametrize("bad", [AsyncGate(ValueError("x")), AsyncGate("no"), SleepyGate()])
async def test_closed_who_fails_denies(bad: object) -> None:
    denied = await vote(AsyncGate(None), bad, deadline_s=0.5)(request="r")
    assert denied is not None
    assert "plugin plugin1" in denied.reason


async def test_a_denial_is_told_rather_than_a_failure() -> None:
    assert await vote(AsyncGate(ValueError("x")), AsyncGate(NO))(request="r") is NO


async def test_open_who_fails_does_not_deny() -> None:
    assert await vote(AsyncGate(ValueError("x")), policy=Policy.OPEN)(request="r") is None


def collect(*plugins: object, policy: Policy = Policy.OPEN) -> Collect[str]:
    return Collect(panel_of(*plugins, kind=Kind.COLLECT, policy=policy, answers=(str,)))


async def test_what_each_adds_is_told_with_its_name() -> None:
    hook = collect(AsyncGate("a"), AsyncGate(None), PlainGate("b"))
    assert hook.is_implemented
    assert await hook(request="r") == [("plugin0", "a"), ("plugin2", "b")]
    assert await collect()(request="r") == []


async def test_open_who_fails_is_left_out() -> None:
    assert await collect(AsyncGate(7), AsyncGate("b"))(request="r") == [("plugin1", "b")]


async def test_closed_who_fails_is_raised() -> None:
    with pytest.raises(HookError, match="plugin0"):
        await collect(AsyncGate(7), AsyncGate("b"), policy=Policy.CLOSED)(request="r")


async def test_some_of_them_are_told() -> None:
    gates = [AsyncGate(None), PlainGate(None)]
    hook = Notify(panel_of(*gates, kind=Kind.NOTIFY, policy=Policy.OPEN, answers=()))
    await hook.tell({"plugin1", "stranger"}, request="r")
    assert [gate.asked for gate in gates] == [[], ["r"]]


async def test_each_says_something_or_fails() -> None:
    gates = AsyncGate(None), AsyncGate(ValueError("x")), AsyncGate(Refusal(1, 1, 1, "no"))
    found = await Collect[object](panel_of(*gates)).each(request="r")
    assert [plugin for plugin, _ in found] == ["plugin0", "plugin1", "plugin2"]
    assert [type(answer).__name__ for _, answer in found] == ["NoneType", "HookError", "Refusal"]
    assert await Collect[object](panel_of()).each(request="r") == []
