"""Durable work over HTTP: seen, tried again, cancelled. Nothing that a job works with is told.

How it went may name whom it is about: that is told to who sees all that is archived.
"""

import re
from collections.abc import Awaitable, Sequence
from functools import partial
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qsl

from aiohttp.web import BaseRequest, Response

from pacsd.api.access import Action, Principal
from pacsd.archive.finding import FindError
from pacsd.dicom.text import printable
from pacsd.net.web.exchange import problem
from pacsd.net.web.guard import may_change
from pacsd.net.web.job_operations import (
    DEFAULT_LIMIT,
    JOB_OPERATIONS,
    MAX_LIMIT,
    QUERY,
    ROOT,
    JobOperation,
    JobTask,
)
from pacsd.net.web.listener_desk import ListenerDesk, Wanted, told

_NUMBER = re.compile(r"[0-9]{1,18}")
_NUMBERED = re.compile(rf"{ROOT}/([0-9]{{1,18}})(.*)")
_RETRY = {"Retry-After": "30"}


class JobUnchanged(Exception):
    """A job is not in a state in which that can be done; the text says in which it is."""


class KnowsJobs(Protocol):
    """Who has jobs; they are records that JSON can say, None is one that is not there.

    They are `explained` for who may read how they went. All raise FindError when the index fails.
    """

    async def page(
        self, state: str, queue: str, after: int, limit: int, /, *, explained: bool
    ) -> Sequence[object]:
        """Those of a state and a queue, '' being any, by rising number."""

    async def get(self, number: int, /, *, explained: bool) -> object | None:
        """All about one."""

    async def retry(self, number: int, actor: str, /, *, explained: bool) -> object | None:
        """Have it done again; JobUnchanged: it is neither dead nor cancelled."""

    async def cancel(self, number: int, actor: str, /, *, explained: bool) -> object | None:
        """Do it no more; JobUnchanged: it neither waits nor runs."""


class JobDesk:
    """Answers requests to `/jobs`. `is_open`: whoever reaches us may; else who has logged in."""

    def __init__(self, jobs: KnowsJobs, doors: ListenerDesk, *, is_open: bool) -> None:
        self._jobs = jobs
        self._doors = doors
        self._is_open = is_open

    async def answer(self, request: BaseRequest) -> Response:
        """The answer, whatever is asked."""
        path, _, query = request.raw_path.partition("?")
        number, operations = _operations(path)
        if not operations:
            return await self._doors.admit_to_nothing(request)
        wanted = Wanted(Action.MANAGE, frozenset(operations))
        answer = partial(self._answer, request, operations, number, query)
        return await self._doors.admit(request, wanted, answer)

    async def _answer(
        self,
        request: BaseRequest,
        operations: dict[str, JobOperation],
        number: int,
        query: str,
        principal: Principal,
    ) -> Response:
        if not may_change(principal, is_open=self._is_open):
            return problem(403, "beyond loopback only who has logged in may manage")
        operation = operations["GET" if request.method == "HEAD" else request.method]
        actor = f"http {printable(principal.name or request.remote or '', 64)}"
        explained = await self._doors.sees_everything(request, principal)
        try:
            if operation.task is JobTask.LIST:
                return await self._list(query, explained=explained)
            found = await self._of(operation.task, number, actor, explained=explained)
        except JobUnchanged as error:
            return problem(409, str(error))
        except FindError as error:
            return problem(503, str(error), _RETRY)
        return problem(404, f"there is no job {number}") if found is None else told(found)

    def _of(
        self, task: JobTask, number: int, actor: str, *, explained: bool
    ) -> Awaitable[object | None]:
        if task is JobTask.SHOW:
            return self._jobs.get(number, explained=explained)
        if task is JobTask.RETRY:
            return self._jobs.retry(number, actor, explained=explained)
        return self._jobs.cancel(number, actor, explained=explained)

    async def _list(self, query: str, *, explained: bool) -> Response:
        given = dict(parse_qsl(query, keep_blank_values=True))
        try:
            limit, after = _number(given, "limit", DEFAULT_LIMIT), _number(given, "after", 0)
            _check(given, limit)
        except ValueError as error:
            return problem(HTTPStatus.BAD_REQUEST, str(error))
        state, queue = given.get("state", ""), given.get("queue", "")
        jobs = await self._jobs.page(state, queue, after, limit, explained=explained)
        return told({"jobs": jobs})


def _operations(path: str) -> tuple[int, dict[str, JobOperation]]:
    """The number in a path, 0 without one, and what can be done there."""
    numbered = _NUMBERED.fullmatch(path)
    template = path if numbered is None else f"{ROOT}/{{number}}{numbered[2]}"
    found = {each.method: each for each in JOB_OPERATIONS if each.path == template}
    return (0 if numbered is None else int(numbered[1])), found


def _number(given: dict[str, str], name: str, default: int) -> int:
    text = given.get(name, str(default))
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{name}: {text[:32]!a} is no number")
    return int(text)


def _check(given: dict[str, str], limit: int) -> None:
    unknown = sorted({*given} - {*QUERY})
    if unknown:
        raise ValueError(f"{unknown[0][:32]!a}: is none of {', '.join(QUERY)}")
    states = QUERY["state"][1]["enum"]
    assert isinstance(states, list)  # noqa: S101 - the table above says so
    if "state" in given and given["state"] not in states:
        raise ValueError(f"state: is none of {', '.join(states)}")
    if not 1 <= limit <= MAX_LIMIT:
        raise ValueError(f"limit: is not between 1 and {MAX_LIMIT}")
