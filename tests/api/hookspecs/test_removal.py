import pytest

from pacsd.api.hooks import hookimpl
from pacsd.api.removal import RemovalRequest
from pacsd.api.vote import Allow, Deny
from tests.api.hookspecs.hooks_of import hooks_of

REQUEST = RemovalRequest("1.2.3", "", "", "admin", "duplicate")


@pytest.mark.parametrize("answer", [None, Deny("legal hold")])
async def test_hook_pacsd_before_delete(answer: Deny | None) -> None:
    class Keeper:
        @hookimpl
        async def pacsd_before_delete(self, request: RemovalRequest) -> Deny | None:
            assert request is REQUEST
            return answer

    assert await hooks_of(Keeper()).before_delete(request=REQUEST) == answer


async def test_a_keeper_that_fails_denies() -> None:
    class Keeper:
        @hookimpl
        async def pacsd_before_delete(self) -> str:
            return "fine"

    denied = await hooks_of(Keeper()).before_delete(request=REQUEST)
    assert denied is not None
    assert "plugin acme: pacsd_before_delete: returned str instead of Deny or None" in denied.reason


async def test_it_is_an_objection_so_that_allowing_is_no_answer() -> None:
    class Keeper:
        @hookimpl
        async def pacsd_before_delete(self) -> Allow:
            return Allow()

    denied = await hooks_of(Keeper()).before_delete(request=REQUEST)
    assert denied is not None
    assert "returned Allow instead of Deny or None" in denied.reason
