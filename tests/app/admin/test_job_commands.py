from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pacsd.app.admin import job_commands
from pacsd.app.admin.job_commands import JobCommands
from pacsd.app.admin.job_records import DrainState, JobDetail, JobSummary
from pacsd.app.admin.unix_socket import AdminError
from pacsd.index.index import Index, open_index
from pacsd.index.job_records import FreePlaces
from pacsd.jobs.workers import WorkerBounds, Workers
from tests.index.job_queues import job
from tests.index.made import Clock
from tests.jobs.working import Seen, attempts


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=Clock()) as opened:
        yield opened


@pytest.fixture
def commands(index: Index) -> JobCommands:
    clock, seen = Clock(), Seen()
    making = attempts(index, clock, seen)
    return JobCommands(
        index.jobs, Workers(index.jobs, {}, WorkerBounds(), making, seen, now_us=clock)
    )


async def perform(commands: JobCommands, command: str, **arguments: object) -> object:
    result = commands.by_name()[f"jobs.{command}"](arguments)
    assert isinstance(result, Awaitable)
    return await result


async def listed(commands: JobCommands, **arguments: object) -> list[int]:
    answer = await perform(commands, "list", **arguments)
    assert isinstance(answer, list)
    return [each.number for each in answer]


async def test_a_list_is_filtered_and_paged(index: Index, commands: JobCommands) -> None:
    first, second, third = await index.jobs.add([job("a"), job("b"), job("b", kind="event")])
    assert await listed(commands) == [first, second, third]
    assert await listed(commands, after=first, limit=1) == [second]
    assert await listed(commands, queue="b", kind="event", state="waiting") == [third]
    assert await listed(commands, state="dead") == []


async def test_a_job_is_shown_and_steered(index: Index, commands: JobCommands) -> None:
    (number,) = await index.jobs.add([job(payload='{"a":1}')])
    detail = await perform(commands, "show", number=number)
    assert isinstance(detail, JobDetail)
    assert (detail.payload, detail.summary.state) == ('{"a":1}', "waiting")
    with capture_logs() as captured:
        for command, others, state in (
            ("cancel", {}, "cancelled"),
            ("retry", {}, "waiting"),
            ("retarget", {"queue": "b"}, "waiting"),
        ):
            done = await perform(commands, command, number=number, actor="some\nbody", **others)
            assert isinstance(done, JobSummary)
            assert done.state == state
    assert await listed(commands, queue="b") == [number]
    assert [each["what"] for each in captured] == ["cancelled", "retried", "sent elsewhere"]
    assert {each["actor"] for each in captured} == {"some\\nbody"}


@pytest.mark.parametrize(
    ("command", "arguments", "rule"),
    [
        ("list", {"state": "open"}, "state must be one of waiting, leased, done, dead, cancelled"),
        ("show", {"number": 99}, "there is no job 99"),
        ("retry", {"number": 99}, "there is no job 99"),
        ("cancel", {}, "number must be a whole number"),
        ("drain", {}, "queue must be named"),
        ("drain", {"queue": "q" * 257}, "queue must be named, in 256 bytes at most"),
        ("resume", {"queue": "a"}, "queue a is not drained"),
    ],
)
async def test_what_cannot_be_done_is_refused(
    commands: JobCommands, command: str, arguments: dict[str, object], rule: str
) -> None:
    with pytest.raises(AdminError, match=rule):
        await perform(commands, command, **arguments)


async def test_what_runs_is_not_tried_again(index: Index, commands: JobCommands) -> None:
    (number,) = await index.jobs.add([job()])
    await index.jobs.claim(["deliver"], FreePlaces(1), 1, 60)
    with pytest.raises(AdminError, match=f"job {number}: is leased, not dead or cancelled"):
        await perform(commands, "retry", number=number)


async def test_a_queue_is_drained_and_worked_at_again(
    commands: JobCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    with capture_logs() as captured:
        for _ in range(2):
            assert await perform(commands, "drain", queue="a") == DrainState("a", True, 0)
        assert await perform(commands, "resume", queue="a") == DrainState("a", False, 0)
    assert [each["event"] for each in captured] == ["queue is drained", "queue is worked at again"]
    monkeypatch.setattr(job_commands, "MAX_QUEUES", 0)
    with pytest.raises(AdminError, match="queue: 0 are drained already"):
        await perform(commands, "drain", queue="a")
