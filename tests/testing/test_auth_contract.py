"""The suites let a good plugin pass, and notice those that break the contract."""

import pytest

from pacsd.api.access import AccessRequest, Login, NotRecognized, Principal
from pacsd.api.errors import HookError
from pacsd.api.hooks import hookimpl
from pacsd.api.vote import Allow, Deny
from pacsd.testing.auth_contract import LOGINS, REQUESTS, AuthenticateContract, AuthorizeContract

KNOWN, GUESSED = {"a-token"}, {"guessed"}


class GoodAuth:
    @hookimpl
    async def pacsd_authenticate(self, login: Login) -> Principal | NotRecognized | None:
        if login.scheme != "bearer":
            return None
        return Principal("reader") if login.secret in KNOWN else NotRecognized("unknown")

    @hookimpl
    async def pacsd_authorize(self, request: AccessRequest) -> Allow | Deny:
        return Allow() if request.principal.name == "reader" else Deny("readers only")


class Lax:
    """Lets in whoever asks, but for whom it answers something else the second time."""

    asked = 0

    @hookimpl
    async def pacsd_authenticate(self, login: Login) -> Principal | NotRecognized:
        if login.secret in GUESSED:
            return NotRecognized(f"not {login.secret}")
        return Principal(login.secret.partition(":")[0])

    @hookimpl
    async def pacsd_authorize(self, request: AccessRequest) -> Deny | None:
        self.asked += 1
        if not request.study_instance_uid:
            raise LookupError(request)
        return Deny("once is enough") if self.asked > 1 else None


class TestGoodAuth(AuthenticateContract, AuthorizeContract):
    @pytest.fixture
    def plugin(self) -> GoodAuth:
        return GoodAuth()


@pytest.mark.parametrize("odd", ["a wrong password", "a wrong token"])
async def test_notices_who_is_let_in_and_secrets_in_explanations(odd: str) -> None:
    with pytest.raises(AssertionError):
        await AuthenticateContract().test_nobody_is_let_in_by_a_guess(Lax(), LOGINS[odd])


async def test_notices_a_judge_that_raises_or_changes_its_mind() -> None:
    suite = AuthorizeContract()
    with pytest.raises(HookError, match="LookupError"):
        await suite.test_answers_any_request(Lax(), REQUESTS["no study"])
    with pytest.raises(AssertionError):
        await suite.test_answers_any_request(Lax(), REQUESTS["no name"])
