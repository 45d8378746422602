from base64 import b64encode
from pathlib import Path

import pytest

from pacsd.api.access import AccessRequest, Login, NotRecognized, Principal
from pacsd.api.vote import Deny
from pacsd.net.permissions import Logins, Permissions
from pacsd.net.web.desk import Terms
from pacsd.net.web.exchange import STRANGER
from pacsd.net.web.guard import ACTIONS, Guard, may_change
from pacsd.net.web.resources import WebService
from tests.net.web.serving import STUDY, path, serving


class House:
    """Knows doe, and lets nobody delete."""

    def __init__(self) -> None:
        self.logins: list[Login] = []
        self.wanted: list[AccessRequest] = []
        self.terms = Terms(
            guard=Guard(
                Logins(lambda: self.authenticate, lambda: 0.0),
                Permissions(lambda: self.authorize, lambda: 0.0),
            )
        )

    async def authenticate(self, login: Login) -> Principal | NotRecognized | None:
        self.logins.append(login)
        return Principal("doe") if login.secret in {"doe:sésame", "token"} else None

    async def authorize(self, request: AccessRequest) -> Deny | None:
        self.wanted.append(request)
        return Deny("never") if request.action == "delete" else None


def basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(text.encode()).decode()}"}


@pytest.mark.parametrize("headers", [basic("doe:sésame"), {"Authorization": "bEaReR  token "}])
async def test_who_is_known_is_answered(tmp_path: Path, headers: dict[str, str]) -> None:
    house = House()
    async with serving(tmp_path, house.terms) as served:
        answer = await served.ask("GET", f"/studies/{STUDY}/series", headers=headers)
        assert answer.status in {200, 204}
    [wanted] = house.wanted
    assert (wanted.principal.name, wanted.action) == ("doe", "query")
    assert wanted.study_instance_uid == STUDY


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("doe:wrong"),
        {"Authorization": "Basic doe:sesame"},
        {"Authorization": "Basic /w=="},
        {"Authorization": "Bearer"},
        {"Authorization": ""},
        {"Authorization": "Bearer " + "x" * 4_000},
    ],
)
@pytest.mark.parametrize("target", ["/studies", "/openapi.json", path()])
async def test_who_is_not_known_learns_nothing(
    tmp_path: Path, headers: dict[str, str], target: str
) -> None:
    house = House()
    async with serving(tmp_path, house.terms) as served:
        answer = await served.ask("GET", target, headers=headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith('Basic realm="pacsd"')
    assert house.wanted == []


async def test_what_is_not_allowed_is_not_done(tmp_path: Path) -> None:
    house = House()
    async with serving(tmp_path, house.terms) as served:
        answer = await served.ask("DELETE", f"/studies/{STUDY}", headers=basic("doe:sésame"))
        assert (answer.status, answer.why) == (403, "not allowed: delete")
        assert served.made.deleted == []


@pytest.mark.parametrize("takes_relayed", [True, False])
async def test_a_proxy_may_hand_on_what_says_who_it_is(
    tmp_path: Path, *, takes_relayed: bool
) -> None:
    async with serving(tmp_path, House().terms, takes_relayed=takes_relayed) as served:
        headers = {"Authorization": "Bearer token", "X-Forwarded-For": "192.0.2.7"}
        answer = await served.ask("GET", "/studies", headers=headers)
        assert (answer.status != 401) is takes_relayed


def test_whatever_tells_of_what_is_archived_is_an_action() -> None:
    silent = {*WebService} - {*ACTIONS}
    assert silent == {WebService.OVERVIEW, WebService.CAPABILITIES, WebService.OPENAPI}


@pytest.mark.parametrize(
    ("principal", "may"),
    [
        (Principal("doe"), True),
        (Principal("doe", is_authenticated=False), False),
        (Principal(""), False),
        (STRANGER, False),
    ],
)
def test_beyond_loopback_only_who_has_logged_in_changes_anything(
    principal: Principal, *, may: bool
) -> None:
    assert may_change(principal, is_open=False) is may
    assert may_change(principal, is_open=True)
