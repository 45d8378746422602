import pytest

from pacsd.api.acceptance import Refusal
from pacsd.api.dispatch.owned import Owned
from pacsd.api.errors import HookError
from tests.api.dispatch.panels import panel_of

REFUSAL = Refusal(1, 1, 3, "")


class Refuses:
    async def pacsd_association_requested(self) -> Refusal:
        return REFUSAL


class Says:
    async def pacsd_association_requested(self) -> None:
        return None


class Fails:
    async def pacsd_association_requested(self) -> None:
        raise OSError("full")


async def test_one_plugin_alone_is_asked() -> None:
    hook: Owned[Refusal] = Owned(panel_of(Refuses(), Says(), Fails()))
    assert hook.plugins == ("plugin0", "plugin1", "plugin2")
    assert await hook.ask("plugin0", request=None) is REFUSAL
    assert await hook.ask("plugin1", request=None) is None


async def test_what_fails_is_raised() -> None:
    hook: Owned[Refusal] = Owned(panel_of(Refuses(), Says(), Fails()))
    with pytest.raises(HookError, match="raised OSError: full") as failed:
        await hook.ask("plugin2", request=None)
    assert not failed.value.is_late
    with pytest.raises(HookError, match="plugin other: pacsd_association_requested: is not impl"):
        await hook.ask("other", request=None)
