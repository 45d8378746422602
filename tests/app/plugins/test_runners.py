import asyncio
from typing import Any

import anyio
import pytest

from pacsd.api.ai import AiFindings, RunModel
from pacsd.api.ai_runner import AiRunner, AiWork, work_of
from pacsd.api.errors import HookError, NotProvided
from pacsd.api.hooks import hookimpl
from pacsd.app.plugins.runners import ContainedRunner, runner_finder
from pacsd.jobs.model_runs import RunFailed
from pacsd.testing.hook_records import event_subject
from tests.api.hookspecs.hooks_of import hooks_of

WORK = work_of(RunModel("gpu", "nodules"), event_subject(), (), 1)
FINDINGS = AiFindings("3 nodules")


class Gpu:
    """Answers so; an exception is raised."""

    def __init__(self, finds: object = FINDINGS, max_at_once: Any = 1) -> None:
        self.finds = finds
        self.max_at_once = max_at_once

    async def run(self, work: AiWork, /) -> AiFindings | None:
        assert work is WORK
        if isinstance(self.finds, BaseException):
            raise self.finds
        return self.finds  # type: ignore[return-value]


class Cards:
    @hookimpl
    async def pacsd_ai_runner(self, name: str) -> AiRunner | None:
        return Gpu() if name == "gpu" else None


async def test_a_runner_is_found_with_its_plugin() -> None:
    find = runner_finder(hooks_of(object(), Cards()))
    found = await find("gpu")
    assert (found.plugin, found.max_at_once) == ("acme2", 1)
    assert await found.run(WORK) == FINDINGS
    with pytest.raises(NotProvided):
        await find("cloud")


async def test_one_that_two_give_cannot_be_had() -> None:
    with pytest.raises(HookError, match="both provide 'gpu'"):
        await runner_finder(hooks_of(Cards(), Cards()))("gpu")


async def test_finding_nothing_is_an_answer() -> None:
    assert await ContainedRunner("cards", Gpu(None)).run(WORK) is None


@pytest.mark.parametrize(
    ("finds", "reason"),
    [
        (MemoryError("no room"), "raised MemoryError: no room"),
        (SystemExit(1), "raised SystemExit: 1"),
        (asyncio.CancelledError(), "raised CancelledError: "),
        ("3 nodules", r"returned str instead of AiFindings \| None"),
        (AiFindings(["3 nodules"]), "returned list instead of str at summary"),  # type: ignore[arg-type]
    ],
)
async def test_p01_what_it_does_wrong_is_contained(finds: object, reason: str) -> None:
    with pytest.raises(RunFailed, match=reason) as failed:
        await ContainedRunner("cards", Gpu(finds)).run(WORK)
    is_raised = isinstance(finds, BaseException)
    assert failed.value.__cause__ is (finds if is_raised else None)


@pytest.mark.parametrize("runner", [object(), lambda: None, None])
async def test_p01_what_is_no_runner_is_told(runner: Any) -> None:
    contained = ContainedRunner("cards", runner)
    with pytest.raises(RunFailed, match="AttributeError"):
        await contained.run(WORK)
    with pytest.raises(RunFailed, match="its max_at_once cannot be had: raised AttributeError"):
        _ = contained.max_at_once


@pytest.mark.parametrize("places", [0, -1, True, 1.0, "1", None])
def test_p01_a_number_of_places_that_is_none_is_told(places: object) -> None:
    with pytest.raises(RunFailed, match="must be a whole number from 1 on"):
        _ = ContainedRunner("cards", Gpu(max_at_once=places)).max_at_once


async def test_who_is_really_cancelled_is() -> None:
    class Endless(Gpu):
        async def run(self, work: AiWork, /) -> AiFindings | None:
            await anyio.sleep_forever()
            return await super().run(work)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ContainedRunner("cards", Endless()).run, WORK)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert tasks.cancel_scope.cancelled_caught
