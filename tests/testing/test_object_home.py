import pytest

from pacsd.api.errors import PluginError
from pacsd.api.hooks import hookimpl
from pacsd.testing.object_home import ObjectHome

HOOK = "pacsd_association_requested"


class Gate:
    @hookimpl
    async def pacsd_association_requested(self) -> None: ...


class Misspelt:
    @hookimpl
    async def pacsd_asociation_requested(self) -> None: ...


async def test_it_runs_already() -> None:
    home = ObjectHome("acme", Gate())
    assert [*home.hooks] == [HOOK]
    assert await home.call(HOOK, {}) is None


def test_what_does_not_fit_is_told() -> None:
    with pytest.raises(PluginError, match="plugin acme: unknown hook"):
        ObjectHome("acme", Misspelt())
