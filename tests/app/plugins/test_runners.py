import asyncio
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from pacsd.api.ai import AiFindings, RunModel
from pacsd.api.ai_runner import AiRunner, AiWork, work_of
from pacsd.api.errors import HookError, NotProvided
from pacsd.api.hooks import hookimpl
from pacsd.app.plugins.runners import ContainedRunner, runner_finder
from pacsd.jobs.model_runs import RunBrokenOff, RunFailed
from pacsd.testing.hook_records import event_subject
from pacsd.testing.object_home import ObjectHome
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


def contained_runner(runner: Any) -> ContainedRunner:
    return ContainedRunner("cards", runner, hooks_of().ai_runner.until_forgotten)


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
    assert await contained_runner(Gpu(None)).run(WORK) is None


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
        await contained_runner(Gpu(finds)).run(WORK)
    is_raised = isinstance(finds, BaseException)
    assert failed.value.__cause__ is (finds if is_raised else None)


@pytest.mark.parametrize("runner", [object(), lambda: None, None])
async def test_p01_what_is_no_runner_is_told(runner: Any) -> None:
    contained = contained_runner(runner)
    with pytest.raises(RunFailed, match="AttributeError"):
        await contained.run(WORK)
    with pytest.raises(RunFailed, match="its max_at_once cannot be had: raised AttributeError"):
        _ = contained.max_at_once


@pytest.mark.parametrize("places", [0, -1, True, 1.0, "1", None])
def test_p01_a_number_of_places_that_is_none_is_told(places: object) -> None:
    with pytest.raises(RunFailed, match="must be a whole number from 1 on"):
        _ = contained_runner(Gpu(max_at_once=places)).max_at_once


async def test_who_is_really_cancelled_is() -> None:
    class Endless(Gpu):
        async def run(self, work: AiWork, /) -> AiFindings | None:
            await anyio.sleep_forever()
            return await super().run(work)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(contained_runner(Endless()).run, WORK)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert tasks.cancel_scope.cancelled_caught


class Bench:
    """Gives a runner whose runs end when they are cancelled, and then in its way."""

    def __init__(self, how_it_ends: BaseException | AiFindings | None = None) -> None:
        self.how_it_ends = how_it_ends
        self.max_at_once = 2
        self.life: list[str] = []

    @hookimpl
    async def pacsd_ai_runner(self) -> AiRunner | None:
        return self

    async def run(self, work: AiWork, /) -> AiFindings | None:
        self.life.append(f"began attempt {work.attempt}")
        try:
            await anyio.sleep_forever()
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            self.life.append("ended")
            if isinstance(self.how_it_ends, BaseException):
                raise self.how_it_ends from None
            if isinstance(self.how_it_ends, AiFindings):
                return self.how_it_ends
            raise
        return None


@pytest.mark.parametrize("how_it_ends", [None, RuntimeError("no card"), FINDINGS])
async def test_a_reload_breaks_a_run_off_before_the_plugin_is_shut_down(
    how_it_ends: BaseException | AiFindings | None,
) -> None:
    old, kept = Bench(how_it_ends), Cards()
    hooks = hooks_of(old, kept)
    outcomes: list[object] = []

    async def run() -> None:
        try:
            outcomes.append(await (await runner_finder(hooks)("cloud")).run(WORK))
        except RunBrokenOff as broken_off:
            outcomes.append(str(broken_off))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await anyio.wait_all_tasks_blocked()
        homes = {"acme": ObjectHome("acme", Bench()), "acme2": ObjectHome("acme2", kept)}
        before = hooks.replace(homes, ("acme",))["pacsd_ai_runner"]
        await before.idle()
        old.life.append("shut down")
    assert old.life == ["began attempt 1", "ended", "shut down"]
    assert outcomes == [how_it_ends if how_it_ends is FINDINGS else "plugin acme is exchanged"]


async def test_a_run_goes_on_when_another_plugin_is_exchanged() -> None:
    bench = Bench()
    hooks = hooks_of(bench, Cards())
    async with anyio.create_task_group() as tasks:
        found = await runner_finder(hooks)("cloud")
        tasks.start_soon(found.run, WORK)
        await anyio.wait_all_tasks_blocked()
        before = hooks.replace({"acme": ObjectHome("acme", bench)}, ("acme2",))
        await before["pacsd_ai_runner"].idle()
        assert bench.life == ["began attempt 1"]
        tasks.cancel_scope.cancel()


async def test_what_a_plugin_gave_that_is_gone_since_is_not_used() -> None:
    class Slow(Cards):
        @hookimpl
        async def pacsd_ai_runner(self, name: str) -> AiRunner | None:
            await go_on.wait()
            return await super().pacsd_ai_runner(name)

    go_on, found = anyio.Event(), list[str]()
    hooks = hooks_of(Slow())

    async def find() -> None:
        found.append((await runner_finder(hooks)("gpu")).plugin)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(find)
        await anyio.wait_all_tasks_blocked()
        hooks.replace({"new": ObjectHome("new", Cards())}, ("acme",))
        go_on.set()
    assert found == ["new"]
