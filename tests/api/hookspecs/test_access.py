import pytest

from pacsd.api.access import (
    AccessRequest,
    Action,
    Door,
    Login,
    NotRecognized,
    Principal,
    Restriction,
    SightRequest,
)
from pacsd.api.errors import HookError
from pacsd.api.hooks import hookimpl
from pacsd.api.vote import Allow, Deny
from tests.api.hookspecs.hooks_of import hooks_of

LOGIN = Login(Door.HTTP, "192.0.2.7", "basic", "doe:secret")
WANTED = AccessRequest(Principal("doe"), Door.HTTP, "192.0.2.7", Action.QUERY, "1.2.3")


@pytest.mark.parametrize("answer", [None, Principal("doe", ("reader",)), NotRecognized("no")])
async def test_hook_pacsd_authenticate(answer: Principal | NotRecognized | None) -> None:
    class Porter:
        @hookimpl
        async def pacsd_authenticate(self, login: Login) -> object:
            assert login is LOGIN
            return answer

    assert await hooks_of(Porter()).authenticate(login=LOGIN) == answer


async def test_p04_a_porter_that_fails_recognizes_nobody() -> None:
    class Porter:
        @hookimpl
        def pacsd_authenticate(self) -> bool:
            return True

    answer = await hooks_of(Porter()).authenticate(login=LOGIN)
    assert isinstance(answer, NotRecognized)
    assert "pacsd_authenticate: returned bool instead of None | Principal" in answer.explanation


@pytest.mark.parametrize(
    ("answer", "becomes"),
    [
        (Allow(), None),
        (Deny("not on Fridays"), Deny("not on Fridays")),
        (None, Deny("no plugin allows it")),
    ],
)
async def test_hook_pacsd_authorize(answer: Allow | Deny | None, becomes: Deny | None) -> None:
    class Judge:
        @hookimpl
        async def pacsd_authorize(self, request: AccessRequest) -> Allow | Deny | None:
            assert request is WANTED
            return answer

    assert await hooks_of(Judge()).authorize(request=WANTED) == becomes


async def test_p04_a_judge_that_fails_denies() -> None:
    class Judge:
        @hookimpl
        async def pacsd_authorize(self) -> None:
            raise KeyError("x")

    denied = await hooks_of(Judge()).authorize(request=WANTED)
    assert denied is not None
    assert "plugin acme: pacsd_authorize: raised KeyError" in denied.reason


LOOKS = SightRequest(Principal("doe"), Door.HTTP, "192.0.2.7")


@pytest.mark.parametrize("answer", [None, Restriction({"PatientID": ("1", "2*")})])
async def test_hook_pacsd_restrict_query(answer: Restriction | None) -> None:
    class Curtain:
        @hookimpl
        async def pacsd_restrict_query(self, request: SightRequest) -> Restriction | None:
            assert request is LOOKS
            return answer

    found = await hooks_of(Curtain()).restrict_query(request=LOOKS)
    assert [each for _, each in found] == ([] if answer is None else [answer])


async def test_p04_a_curtain_that_restricts_what_cannot_be_fails() -> None:
    class Curtain:
        @hookimpl
        def pacsd_restrict_query(self) -> Restriction:
            return Restriction({"ImageComments": ("public",)})

    with pytest.raises(HookError, match="ImageComments is no attribute"):
        await hooks_of(Curtain()).restrict_query(request=LOOKS)
