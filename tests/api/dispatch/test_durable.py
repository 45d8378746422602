import pytest

from pacsd.api.dispatch.durable import Durable
from pacsd.api.errors import HookError
from pacsd.api.hook_facts import Kind, Policy
from tests.api.dispatch.panels import AsyncGate, PlainGate, panel_of


def durable(*plugins: object) -> Durable[str]:
    panel = panel_of(*plugins, kind=Kind.NOTIFY, policy=Policy.AGAIN, answers=())
    return Durable({"stored": panel, "quiet": panel_of()})


async def test_each_is_told_by_itself() -> None:
    first, second = AsyncGate(None), PlainGate(None)
    hooks = durable(first, second)
    assert hooks.plugins == ("plugin0", "plugin1")
    await hooks.tell("plugin1", "stored", request="r")
    assert (first.asked, second.asked) == ([], ["r"])


async def test_who_does_not_implement_it_is_not_told() -> None:
    gate = AsyncGate(None)
    await durable(gate).tell("plugin0", "quiet", request="r")
    assert gate.asked == []


async def test_who_implements_none_of_them_is_to_be_told_again() -> None:
    with pytest.raises(HookError, match=r"stranger.*is not implemented now"):
        await durable(AsyncGate(None)).tell("stranger", "stored", request="r")


@pytest.mark.parametrize("bad", [AsyncGate(ValueError("x")), AsyncGate("junk")])
async def test_who_fails_is_to_be_told_again(bad: AsyncGate) -> None:
    with pytest.raises(HookError, match="plugin0"):
        await durable(bad).tell("plugin0", "stored", request="r")
