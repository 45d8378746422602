import pytest

from pacsd.api.acceptance import AssociationClosed, AssociationRequest, Refusal
from pacsd.api.errors import HookError
from pacsd.api.hooks import hookimpl
from tests.api.hookspecs.hooks_of import hooks_of

REQUEST = AssociationRequest("CT1", "PACSD", "192.0.2.7", 5000, None, (), "1.2.3", "CT")
CLOSED = AssociationClosed(7, "CT1", "PACSD", "192.0.2.7", 1.5, "released")


@pytest.mark.parametrize("answer", [None, Refusal(1, 1, 3, "who?")])
async def test_hook_pacsd_association_requested(answer: Refusal | None) -> None:
    class Gate:
        @hookimpl
        async def pacsd_association_requested(self, request: AssociationRequest) -> object:
            assert request is REQUEST
            return answer

    assert await hooks_of(Gate()).association_requested(request=REQUEST) == answer


async def test_a_gate_that_fails_refuses_for_now() -> None:
    class Gate:
        @hookimpl
        def pacsd_association_requested(self) -> None:
            raise KeyError("x")

    refusal = await hooks_of(Gate()).association_requested(request=REQUEST)
    assert refusal is not None
    assert (refusal.result, refusal.source, refusal.reason) == (2, 1, 1)
    assert "plugin acme" in refusal.explanation


async def test_hook_pacsd_association_closed() -> None:
    told: list[AssociationClosed] = []
    errors: list[HookError] = []

    class Diary:
        @hookimpl
        async def pacsd_association_closed(self, closed: AssociationClosed) -> None:
            told.append(closed)
            raise KeyError("full")

    await hooks_of(Diary(), errors=errors).association_closed(closed=CLOSED)
    assert told == [CLOSED]
    assert [error.plugin for error in errors] == ["acme"]
