"""The commands of the admin socket about jobs: list, show, retry, cancel, retarget, drain."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import anyio
import structlog

from pacsd.app.admin.arguments import Arguments, text, whole_number
from pacsd.app.admin.job_records import DrainState, JobDetail, JobSummary
from pacsd.app.admin.unix_socket import AdminError, Command
from pacsd.dicom.text import printable
from pacsd.index.errors import IndexFault, JobRefused
from pacsd.index.job_records import MAX_NAME_BYTES, MAX_QUEUES, Job, JobFilter, JobState
from pacsd.index.jobs import Jobs
from pacsd.index.records import Scope
from pacsd.jobs.workers import Workers

MAX_LISTED = 10_001
"""One more than a command shows at once: so it knows that there are more."""
DEFAULT_LISTED = 100
DRAIN_WAIT_S = 5.0
"""How long one command waits for what runs; whoever wants to wait longer asks again."""
NOBODY = "admin"
"""Who decides, if the command does not say."""

_STATES = {state.name.lower(): state for state in JobState}

_log = structlog.get_logger("pacsd.jobs")


class JobCommands:
    """The commands, over the job queues and who works at them."""

    def __init__(self, jobs: Jobs, workers: Workers) -> None:
        self._jobs = jobs
        self._workers = workers
        self._scope = Scope()

    def by_name(self) -> dict[str, Command]:
        """All of them."""
        return {
            "jobs.list": self._list,
            "jobs.show": self._show,
            "jobs.retry": self._retry,
            "jobs.cancel": self._cancel,
            "jobs.retarget": self._retarget,
            "jobs.drain": self._drain,
            "jobs.resume": self._resume,
        }

    async def _list(self, arguments: Arguments) -> list[JobSummary]:
        """By rising number, from behind `after` on; of the state, queue and kind that are said."""
        wanted = JobFilter(
            _state(text(arguments, "state", "")),
            text(arguments, "queue", "") or None,
            text(arguments, "kind", "") or None,
        )
        after = whole_number(arguments, "after", 0)
        limit = min(whole_number(arguments, "limit", DEFAULT_LISTED), MAX_LISTED)
        with told():
            page = await self._jobs.page(self._scope, wanted, after, limit)
        return [JobSummary.of(each) for each in page]

    async def _show(self, arguments: Arguments) -> JobDetail:
        number = whole_number(arguments, "number")
        return JobDetail.of(await _found(number, self._jobs.get(self._scope, number)))

    async def _retry(self, arguments: Arguments) -> JobSummary:
        return await self._steer(
            arguments, "retried", lambda number: self._jobs.retry(self._scope, number)
        )

    async def _cancel(self, arguments: Arguments) -> JobSummary:
        actor = actor_of(arguments)
        return await self._steer(
            arguments, "cancelled", lambda number: self._jobs.cancel(self._scope, number, actor)
        )

    async def _retarget(self, arguments: Arguments) -> JobSummary:
        queue = text(arguments, "queue", "")
        return await self._steer(
            arguments,
            "sent elsewhere",
            lambda number: self._jobs.retarget(self._scope, number, queue),
        )

    async def _steer(
        self, arguments: Arguments, what: str, steer: Callable[[int], Awaitable[Job | None]]
    ) -> JobSummary:
        number = whole_number(arguments, "number")
        job = await _found(number, steer(number))
        actor = actor_of(arguments)
        _log.info("job was steered", what=what, job=number, queue=job.queue, actor=actor)
        return JobSummary.of(job)

    async def _drain(self, arguments: Arguments) -> DrainState:
        """Begin no more of a queue; wait a moment for what runs."""
        queue = _queue(arguments)
        if queue not in self._workers.drained:
            if len(self._workers.drained) >= MAX_QUEUES:
                raise AdminError(f"queue: {MAX_QUEUES} are drained already")
            _log.info("queue is drained", queue=queue, actor=actor_of(arguments))
        with anyio.move_on_after(DRAIN_WAIT_S):
            await self._workers.drain(queue)
        return self._drain_state(queue)

    async def _resume(self, arguments: Arguments) -> DrainState:
        queue = _queue(arguments)
        if not self._workers.resume(queue):
            raise AdminError(f"queue {printable(queue)} is not drained")
        _log.info("queue is worked at again", queue=queue, actor=actor_of(arguments))
        return self._drain_state(queue)

    def _drain_state(self, queue: str) -> DrainState:
        is_drained = queue in self._workers.drained
        return DrainState(queue, is_drained, self._workers.running_of(queue))


def _state(name: str) -> JobState | None:
    if not name:
        return None
    state = _STATES.get(name)
    if state is None:
        raise AdminError(f"state must be one of {', '.join(_STATES)}")
    return state


def _queue(arguments: Arguments) -> str:
    queue = text(arguments, "queue", "")
    if not queue or len(queue.encode(errors="replace")) > MAX_NAME_BYTES:
        raise AdminError(f"queue must be named, in {MAX_NAME_BYTES} bytes at most")
    return queue


def actor_of(arguments: Arguments) -> str:
    """Who decides, as the command says."""
    return printable(text(arguments, "actor", NOBODY))


async def _found(number: int, job: Awaitable[Job | None]) -> Job:
    with told():
        found = await job
    if found is None:
        raise AdminError(f"there is no job {number}")
    return found


@contextmanager
def told() -> Iterator[None]:
    """Tell whoever asked why not, where jobs or the index refuse."""
    try:
        yield
    except (JobRefused, IndexFault) as error:
        raise AdminError(str(error)) from None
