from collections.abc import Sequence

import pytest

from pacsd.api.access import Login, Principal, Restriction, SightRequest
from pacsd.archive.finding import IndexUnavailable
from pacsd.archive.sight import EVERYTHING, Sight, sight_of
from pacsd.net.permissions import Logins, Sights
from pacsd.net.web.desk import Terms
from pacsd.net.web.guard import Guard
from pacsd.net.web.job_desk import JobDesk, JobUnchanged
from pacsd.net.web.job_operations import ROOT
from pacsd.net.web.listener_desk import ListenerDesk
from tests.net.web.beside import Answer, listening


class Jobs:
    """One job; what is asked is kept."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.explained: list[bool] = []
        self.failure: Exception | None = None

    async def page(self, *asked: object, explained: bool) -> Sequence[object]:
        self.explained.append(explained)
        return [self._found("page", *asked)]

    async def get(self, number: int, /, *, explained: bool) -> object | None:
        self.explained.append(explained)
        return self._found("get", number)

    async def retry(self, number: int, actor: str, /, *, explained: bool) -> object | None:
        self.explained.append(explained)
        return self._found("retry", number, actor)

    async def cancel(self, number: int, actor: str, /, *, explained: bool) -> object | None:
        self.explained.append(explained)
        return self._found("cancel", number, actor)

    def _found(self, *asked: object) -> object | None:
        self.asked.append(asked)
        if self.failure is not None:
            raise self.failure
        return None if asked[1] == 9 else {"number": 7}


async def asked(
    jobs: Jobs,
    path: str,
    method: str = "GET",
    *,
    is_open: bool = True,
    terms: Terms | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    desk = JobDesk(jobs, ListenerDesk(terms or Terms()), is_open=is_open)
    async with listening({ROOT: desk.answer}) as served:
        return await served.ask(method, path, headers=headers)


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("GET", "/jobs", ("page", "", "", 0, 100)),
        ("GET", "/jobs?", ("page", "", "", 0, 100)),
        ("GET", "/jobs?state=dead&queue=a%20b&limit=7&after=3", ("page", "dead", "a b", 3, 7)),
        ("GET", "/jobs/7", ("get", 7)),
        ("POST", "/jobs/7/retry", ("retry", 7, "http 127.0.0.1")),
        ("POST", "/jobs/7/cancel", ("cancel", 7, "http 127.0.0.1")),
    ],
)
async def test_jobs_are_seen_and_steered(
    method: str, path: str, wanted: tuple[object, ...]
) -> None:
    jobs = Jobs()
    answer = await asked(jobs, path, method)
    assert jobs.asked == [wanted]
    assert answer.status == 200
    assert answer.json == ({"jobs": [{"number": 7}]} if wanted[0] == "page" else {"number": 7})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/jobs/", 404),
        ("GET", "/jobs/x", 404),
        ("GET", "/jobs/-7", 404),
        ("GET", "/jobs/7/", 404),
        ("GET", "/jobs/7/retry", 405),
        ("POST", "/jobs/7/other", 404),
        ("POST", "/jobs", 405),
        ("DELETE", "/jobs/7", 405),
        ("GET", "/jobs?limit=0", 400),
        ("GET", "/jobs?limit=1001", 400),
        ("GET", "/jobs?after=x", 400),
        ("GET", "/jobs?state=sleeping", 400),
        ("GET", "/jobs?sort=state", 400),
    ],
)
async def test_what_is_none_is_not_asked(method: str, path: str, status: int) -> None:
    jobs = Jobs()
    assert (await asked(jobs, path, method)).status == status
    assert jobs.asked == []


async def test_one_that_is_not_there_or_in_another_state_is_told() -> None:
    jobs = Jobs()
    answer = await asked(jobs, "/jobs/9")
    assert (answer.status, answer.why) == (404, "there is no job 9")
    jobs.failure = JobUnchanged("job 7: is done, not dead or cancelled")
    answer = await asked(jobs, "/jobs/7/retry", "POST")
    assert (answer.status, answer.why) == (409, "job 7: is done, not dead or cancelled")
    jobs.failure = IndexUnavailable("input/output error")
    answer = await asked(jobs, "/jobs/7")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")


async def test_beyond_loopback_only_who_has_logged_in_manages() -> None:
    async def authenticate(login: Login) -> Principal:
        return Principal(login.secret)

    jobs = Jobs()
    answer = await asked(jobs, "/jobs", is_open=False)
    assert (answer.status, jobs.asked) == (403, [])
    terms = Terms(guard=Guard(Logins(lambda: authenticate, lambda: 0.0)))
    doe = {"Authorization": "Bearer doe"}
    assert (await asked(jobs, "/jobs", is_open=False, terms=terms)).status == 401
    path = "/jobs/7/cancel"
    answer = await asked(jobs, path, "POST", is_open=False, terms=terms, headers=doe)
    assert (answer.status, jobs.asked) == (200, [("cancel", 7, "http doe")])


@pytest.mark.parametrize(
    ("sight", "explained"),
    [(EVERYTHING, True), (sight_of([Restriction({"PatientID": ("1",)})]), False), (None, False)],
)
async def test_how_a_job_went_is_told_to_who_sees_everything(
    sight: Sight | None, *, explained: bool
) -> None:
    async def restrict(_: SightRequest) -> Sight | None:
        return sight

    jobs, terms = Jobs(), Terms(guard=Guard(sights=Sights(lambda: restrict, lambda: 0.0)))
    paths = {"/jobs": "GET", "/jobs/7": "GET", "/jobs/7/retry": "POST", "/jobs/7/cancel": "POST"}
    for path, method in paths.items():
        assert (await asked(jobs, path, method, terms=terms)).status == 200
    assert jobs.explained == [explained] * 4
