import pytest

from pacsd.api.acceptance import Refusal
from pacsd.api.dispatch.asked_alone import AskedAlone
from pacsd.api.errors import HookError
from tests.api.dispatch.panels import AsyncGate, PlainGate, panel_of

REFUSAL = Refusal(1, 1, 1, "not today")


async def test_each_is_asked_by_itself() -> None:
    first, second = AsyncGate(None), PlainGate(REFUSAL)
    hook: AskedAlone[Refusal] = AskedAlone(panel_of(first, second))
    assert hook.plugins == ("plugin0", "plugin1")
    assert await hook.ask("plugin1", request="r") == REFUSAL
    assert await hook.ask("plugin0", request="s") is None
    assert (first.asked, second.asked) == (["s"], ["r"])


async def test_who_does_not_implement_it_has_not_answered() -> None:
    hook: AskedAlone[Refusal] = AskedAlone(panel_of())
    assert hook.plugins == ()
    with pytest.raises(HookError, match=r"stranger.*is not implemented now"):
        await hook.ask("stranger", request="r")


@pytest.mark.parametrize("bad", [AsyncGate(ValueError("x")), AsyncGate("junk")])
async def test_who_fails_is_to_be_asked_again(bad: AsyncGate) -> None:
    hook: AskedAlone[Refusal] = AskedAlone(panel_of(bad))
    with pytest.raises(HookError, match="plugin0"):
        await hook.ask("plugin0", request="r")
