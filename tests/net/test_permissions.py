from dataclasses import replace

import anyio
import pytest
from structlog.typing import EventDict

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
from pacsd.api.vote import Deny
from pacsd.archive.sight import Sight, sight_of
from pacsd.net.permissions import (
    MAX_REMEMBERED,
    REMEMBERED_S,
    Logins,
    Permissions,
    ShortMemory,
    Sights,
    StayingLogin,
)

LOGIN = Login(Door.HTTP, "192.0.2.7", "basic", "doe:open sesame")
WANTED = AccessRequest(Principal("doe"), Door.HTTP, "192.0.2.7", Action.QUERY, "1.2.3")


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Porter:
    def __init__(self, answer: Principal | NotRecognized | None) -> None:
        self.answer = answer
        self.asked = 0

    async def authenticate(self, login: Login) -> Principal | NotRecognized | None:
        assert login.scheme
        self.asked += 1
        return self.answer


class Judge:
    def __init__(self, answer: Deny | None = None) -> None:
        self.answer = answer
        self.asked: list[AccessRequest] = []

    async def authorize(self, request: AccessRequest) -> Deny | None:
        self.asked.append(request)
        return self.answer


def test_so_much_is_remembered() -> None:
    memory = ShortMemory[int, int](Clock())
    for number in range(MAX_REMEMBERED + 1):
        memory.keep(number, number, 10, memory.age)
    assert memory.get(0) is None
    assert memory.get(1) == 1
    memory.forget()
    assert memory.get(1) is None


@pytest.mark.parametrize(("valid_for_s", "remembered_s"), [(600.0, REMEMBERED_S), (5.0, 5.0)])
async def test_p04_who_is_known_is_not_asked_again_for_a_while(
    valid_for_s: float, remembered_s: float
) -> None:
    clock, porter = Clock(), Porter(Principal("doe", valid_for_s=valid_for_s))
    logins = Logins(lambda: porter.authenticate, clock)
    for _ in range(3):
        assert await logins.principal(LOGIN) == porter.answer
    clock.now += remembered_s - 0.1
    assert await logins.principal(LOGIN) == porter.answer
    assert porter.asked == 1
    clock.now += 0.2
    porter.answer = NotRecognized("revoked")
    assert await logins.principal(LOGIN) is None
    assert porter.asked == 2


@pytest.mark.parametrize(
    "other",
    [
        replace(LOGIN, secret=""),
        replace(LOGIN, peer_host="192.0.2.8"),
        replace(LOGIN, scheme="bearer"),
    ],
)
async def test_another_login_is_another(other: Login) -> None:
    porter = Porter(Principal("doe"))
    logins = Logins(lambda: porter.authenticate, Clock())
    await logins.principal(LOGIN)
    porter.answer = None
    assert await logins.principal(other) is None


async def test_who_is_not_known_is_told_in_the_log_without_the_secret(
    logged: list[EventDict],
) -> None:
    porter = Porter(None)
    logins = Logins(lambda: porter.authenticate, Clock())
    assert await logins.principal(LOGIN) is None
    porter.answer = NotRecognized("wrong\npassword")
    assert await logins.principal(LOGIN) is None
    assert [each["why"] for each in logged] == ["nobody knows it", "wrong\\npassword"]
    assert "open sesame" not in str(logged)


async def test_a_revocation_counts_at_once() -> None:
    porter, judge = Porter(Principal("doe")), Judge()
    logins, permissions = (
        Logins(lambda: porter.authenticate, Clock()),
        Permissions(lambda: judge.authorize, Clock()),
    )
    await logins.principal(LOGIN)
    await permissions.denial(WANTED)
    logins.forget()
    permissions.forget()
    await logins.principal(LOGIN)
    await permissions.denial(WANTED)
    assert (porter.asked, len(judge.asked)) == (2, 2)


async def test_what_is_allowed_is_not_asked_again_for_a_while() -> None:
    clock, judge = Clock(), Judge()
    permissions = Permissions(lambda: judge.authorize, clock)
    other = replace(WANTED, study_instance_uid="1.2.4")
    called = replace(WANTED, principal=replace(WANTED.principal, is_authenticated=False))
    for wanted in (WANTED, WANTED, other, called, WANTED, called):
        assert await permissions.denial(wanted) is None
    assert judge.asked == [WANTED, other, called]
    clock.now += REMEMBERED_S
    judge.answer = Deny("not any more")
    assert await permissions.denial(WANTED) == judge.answer


async def test_a_denial_is_asked_for_again_and_logged(logged: list[EventDict]) -> None:
    judge = Judge(Deny("not on Fridays"))
    permissions = Permissions(lambda: judge.authorize, Clock())
    assert await permissions.denial(WANTED) == judge.answer
    assert await permissions.denial(WANTED) == judge.answer
    assert len(judge.asked) == 2
    assert {key: logged[0][key] for key in ("who", "action", "study_instance_uid", "why")} == {
        "who": "doe",
        "action": "query",
        "study_instance_uid": "1.2.3",
        "why": "not on Fridays",
    }


@pytest.mark.parametrize(("valid_for_s", "remembered_s"), [(600.0, REMEMBERED_S), (5.0, 5.0)])
async def test_what_somebody_sees_is_remembered_for_a_while(
    valid_for_s: float, remembered_s: float
) -> None:
    asked: list[SightRequest] = []
    clock, seen = Clock(), sight_of([Restriction({"PatientID": ("1",)})])

    async def restrict(request: SightRequest) -> Sight | None:
        asked.append(request)
        return seen if request.principal.name == "doe" else None

    sights = Sights(lambda: restrict, clock)
    doe = SightRequest(Principal("doe", valid_for_s=valid_for_s), Door.HTTP, "192.0.2.7")
    for _ in range(3):
        assert await sights.sight(doe) is seen
    clock.now += remembered_s - 0.1
    assert await sights.sight(doe) is seen
    assert len(asked) == 1
    clock.now += 0.2
    assert await sights.sight(doe) is seen
    sights.forget()
    assert await sights.sight(doe) is seen
    assert len(asked) == 3
    nobody = replace(doe, principal=Principal("nobody"))
    assert [await sights.sight(nobody) for _ in range(2)] == [None, None]
    assert len(asked) == 5


async def test_what_was_asked_before_all_was_forgotten_is_not_remembered() -> None:
    asked, go_on = anyio.Event(), anyio.Event()
    calls: list[Login] = []

    async def authenticate(login: Login) -> Principal:
        calls.append(login)
        asked.set()
        await go_on.wait()
        return Principal("alice")

    logins = Logins(lambda: authenticate, Clock())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(logins.principal, LOGIN)
        await asked.wait()
        logins.forget()
        go_on.set()
    assert await logins.principal(LOGIN) == Principal("alice")
    assert len(calls) == 2


async def test_nobody_is_let_in_by_nobody() -> None:
    logins, permissions = Logins(lambda: None, Clock()), Permissions(lambda: None, Clock())
    assert not logins.are_asked_for
    assert await logins.principal(LOGIN) is None
    assert not permissions.are_asked_for
    assert await permissions.denial(WANTED) is None


@pytest.mark.parametrize("valid_for_s", [5.0, 600.0])
async def test_a_login_that_stays_is_shown_again_once_its_time_has_passed(
    valid_for_s: float,
) -> None:
    clock, porter = Clock(), Porter(Principal("doe", valid_for_s=valid_for_s))
    logins = Logins(lambda: porter.authenticate, clock)
    known = await logins.known(LOGIN)
    assert known is not None
    login = StayingLogin(logins, LOGIN, known)
    clock.now += valid_for_s - 0.1
    assert await login.renewed() == porter.answer
    assert porter.asked == 1
    porter.answer = Principal("doe", ("reader",), valid_for_s)
    clock.now += 0.2
    assert await login.renewed() == porter.answer == login.principal
    assert await login.renewed() == porter.answer
    assert porter.asked == 2


async def test_a_login_that_was_no_good_once_stays_no_good() -> None:
    clock, porter = Clock(), Porter(Principal("doe", valid_for_s=600.0))
    logins = Logins(lambda: porter.authenticate, clock)
    known = await logins.known(LOGIN)
    assert known is not None
    login = StayingLogin(logins, LOGIN, known)
    clock.now += 600.0
    porter.answer = NotRecognized("the token has ended")
    assert await login.renewed() is None
    porter.answer = Principal("doe")
    assert await login.renewed() is None
    assert porter.asked == 2


async def test_what_is_remembered_of_a_login_makes_it_last_no_longer() -> None:
    clock, porter = Clock(), Porter(Principal("doe", valid_for_s=10.0))
    logins = Logins(lambda: porter.authenticate, clock)
    await logins.known(LOGIN)
    clock.now += 8.0
    known = await logins.known(LOGIN)
    assert porter.asked == 1
    assert known is not None
    clock.now += 3.0
    assert logins.is_over(known)
