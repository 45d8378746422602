"""The contract suites of plugins that say who somebody is, and what somebody may do.

A plugin's tests subclass them, provide a fixture `plugin`, and pytest does the rest:

    class TestMyAuth(AuthenticateContract, AuthorizeContract):
        @pytest.fixture
        def plugin(self, tmp_path):
            return MyAuth(fake_host(tmp_path), MySettings(...))

Whatever is shown, a plugin answers within the deadline and as the hooks say; it does not raise, for
that shuts everybody out. And nobody comes in with what anybody can guess.
"""
# ruff: noqa: S101 - assert is how a contract suite speaks

import pytest

from pacsd.api.access import AccessRequest, Action, Door, Login, NotRecognized, Principal
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_records import access_request, login

LOGINS = {
    "a wrong token": login("guessed"),
    "an empty token": login(""),
    "a long token": login("x" * 16_384),
    "not ASCII": login("M\xfcller\u653e"),
    "a NUL": login("a\0b"),
    "another scheme": login("YII=", scheme="negotiate"),
    "no scheme": login("guessed", scheme=""),
    "a wrong password": login("admin:admin", scheme="basic"),
    "no colon": login("admin", scheme="basic"),
    "no user": login(":", scheme="basic"),
    "from nowhere": login("guessed", peer_host=""),
}
"""What somebody may show, none of it any good, by what is odd about it."""

REQUESTS = {
    f"{action} by {door}": access_request(action=action, door=door)
    for action in Action
    for door in Door
} | {
    "no study": access_request(study_instance_uid=""),
    "no name": access_request(principal=Principal("")),
    "nobody vouched for": access_request(principal=Principal("CT1", is_authenticated=False)),
    "odd roles": access_request(principal=Principal("x", ("", "a\0", "M\xfcller"))),
    "a name with escapes": access_request(principal=Principal("a\x1b[2J")),
}
"""What somebody may want, and who is odd."""

_SHORTEST = 3
"""Of a secret that stands in a text by no accident."""


class AuthenticateContract:
    """What every plugin does that says who somebody is; the fixture `plugin` gives one."""

    @pytest.mark.parametrize("shown", LOGINS.values(), ids=LOGINS)
    async def test_nobody_is_let_in_by_a_guess(self, plugin: object, shown: Login) -> None:
        """NotRecognized or None, and the secret is not in the explanation."""
        answer = await call_hook(plugin, "pacsd_authenticate", login=shown)
        assert not isinstance(answer, Principal)
        if isinstance(answer, NotRecognized) and len(shown.secret) > _SHORTEST:
            assert shown.secret not in answer.explanation


class AuthorizeContract:
    """What every plugin does that says what somebody may do; the same fixture gives it."""

    @pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
    async def test_answers_any_request(self, plugin: object, request_: AccessRequest) -> None:
        """In time, with Allow, Deny or None; the same when it is asked again."""
        first, second = [
            await call_hook(plugin, "pacsd_authorize", request=request_) for _ in range(2)
        ]
        assert first == second
