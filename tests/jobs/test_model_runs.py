from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
import pytest

from pacsd.api.ai import AiFindings, RunModel
from pacsd.api.ai_runner import AiWork, work_of
from pacsd.api.errors import HookError, NotProvided
from pacsd.jobs import model_runs
from pacsd.jobs.model_runs import AGAIN_AFTER_S, ModelRuns, RunBrokenOff, RunFailed, named
from pacsd.jobs.outcomes import Dead, Later, Outcome, Retry
from pacsd.testing.hook_records import event_subject

RUN = RunModel("gpu", "nodules", "2.1")
FINDINGS = AiFindings("3 nodules")
TIMEOUT_S = 30.0
Result = AiFindings | Outcome | None


@dataclass
class Runner:
    """Runs until it may end; `most` are how many ran at a time."""

    plugin: str = "cards"
    max_at_once: int = 1
    finds: AiFindings | Exception | None = FINDINGS
    may_end: anyio.Event = field(default_factory=anyio.Event)
    running: int = 0
    most: int = 0
    works: list[AiWork] = field(default_factory=list)

    async def run(self, work: AiWork) -> AiFindings | None:
        self.works.append(work)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.may_end.wait()
        finally:
            self.running -= 1
        if isinstance(self.finds, Exception):
            raise self.finds
        return self.finds


def quick(**fields: object) -> Runner:
    runner = Runner(**fields)  # type: ignore[arg-type]
    runner.may_end.set()
    return runner


class Seen:
    """A RunObserver."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, str, AiFindings | None]] = []
        self.failed: list[tuple[str, str, str, bool]] = []
        self.broken_off: list[tuple[str, str]] = []

    def run_ended(
        self, run: RunModel, provider: str, seconds: float, found: AiFindings | None
    ) -> None:
        assert seconds >= 0
        self.ended.append((run.model, provider, found))

    def run_failed(
        self, run: RunModel, provider: str, seconds: float, error: Exception, *, is_late: bool
    ) -> None:
        assert seconds >= 0
        self.failed.append((run.model, provider, str(error), is_late))

    def run_broken_off(self, run: RunModel, provider: str, seconds: float) -> None:
        assert seconds >= 0
        self.broken_off.append((run.model, provider))


class Cards:
    """Gives the runners there are now, by name."""

    def __init__(self, **runners: Runner | Exception) -> None:
        self.runners = runners
        self.hangs = ""

    async def __call__(self, name: str) -> Runner:
        if name == self.hangs:
            await anyio.sleep_forever()
        await anyio.lowlevel.checkpoint()
        found = self.runners.get(name)
        if found is None:
            raise NotProvided(name, "pacsd_ai_runner", f"no plugin provides '{name}'")
        if isinstance(found, Exception):
            raise found
        return found


def work(run: RunModel = RUN) -> AiWork:
    return work_of(run, event_subject(), (), 1)


async def test_what_a_runner_finds_is_told() -> None:
    runner, seen = quick(), Seen()
    assert await ModelRuns(Cards(gpu=runner), seen).run(RUN, work()) == FINDINGS
    assert seen.ended == [("nodules", "cards", FINDINGS)]
    assert [each.model for each in runner.works] == ["nodules"]


async def test_it_may_find_nothing() -> None:
    seen = Seen()
    assert await ModelRuns(Cards(gpu=quick(finds=None)), seen).run(RUN, work()) is None
    assert seen.ended == [("nodules", "cards", None)]


async def test_a_runner_that_nobody_gives_is_dead_work() -> None:
    outcome = await ModelRuns(Cards(), Seen()).run(RUN, work())
    assert outcome == Dead("runner gpu, model nodules 2.1: no plugin provides 'gpu'")


async def test_p01_one_that_cannot_be_had_is_asked_for_again() -> None:
    error = HookError("cards", "pacsd_ai_runner", "raised OSError: unplugged")
    outcome = await ModelRuns(Cards(gpu=error), Seen()).run(RUN, work())
    reason = "plugin cards: pacsd_ai_runner: raised OSError: unplugged"
    assert outcome == Retry(f"runner gpu, model nodules 2.1: {reason}")


async def test_p01_a_run_that_fails_is_made_again_and_names_both() -> None:
    seen = Seen()
    runner = quick(finds=RunFailed("raised MemoryError: no room"))
    outcome = await ModelRuns(Cards(gpu=runner), seen).run(RUN, work())
    assert outcome == Retry("runner gpu, model nodules 2.1: raised MemoryError: no room")
    assert seen.failed == [("nodules", "cards", "raised MemoryError: no room", False)]


async def test_a_run_whose_plugin_is_exchanged_begins_again_without_losing_an_attempt() -> None:
    seen = Seen()
    runner = quick(finds=RunBrokenOff("plugin cards is exchanged"))
    outcome = await ModelRuns(Cards(gpu=runner), seen).run(RUN, work())
    assert outcome == Later("runner gpu, model nodules 2.1: plugin cards is exchanged", 0.0)
    assert (seen.failed, seen.broken_off) == ([], [("nodules", "cards")])


async def test_p01_a_run_that_is_late_is_cancelled() -> None:
    runner, seen, hasty = Runner(), Seen(), RunModel("gpu", "nodules", deadline_s=0.01)
    with anyio.fail_after(TIMEOUT_S):
        outcome = await ModelRuns(Cards(gpu=runner), seen).run(hasty, work(hasty))
    assert outcome == Retry("runner gpu, model nodules: it took more than 0.01 s")
    assert seen.failed == [("nodules", "cards", "it took more than 0.01 s", True)]
    assert runner.running == 0


class Several:
    """Runs at the same time, and what becomes of each."""

    def __init__(self, runs: ModelRuns) -> None:
        self.runs = runs
        self.results: list[Result] = []

    def run(self, wanted: RunModel = RUN) -> Callable[[], Coroutine[None, None, None]]:
        async def once() -> None:
            self.results.append(await self.runs.run(wanted, work(wanted)))

        return once


@pytest.mark.parametrize("places", [1, 3])
async def test_no_more_run_at_once_than_the_runner_takes(places: int) -> None:
    gpu, other = Runner(max_at_once=places), Runner()
    several = Several(ModelRuns(Cards(gpu=gpu, other=other), Seen()))
    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(several.run(RunModel("gpu", "nodules")))
        tasks.start_soon(several.run(RunModel("other", "nodules")))
        await anyio.wait_all_tasks_blocked()
        assert (gpu.running, other.running) == (places, 1)
        gpu.may_end.set()
        other.may_end.set()
    assert several.results == [FINDINGS] * 7
    assert gpu.most == places


async def test_a_runner_that_nobody_has_found_yet_holds_up_no_other() -> None:
    cards = Cards(gpu=quick())
    cards.hangs = "cloud"
    several = Several(ModelRuns(cards, Seen()))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(several.run(RunModel("cloud", "nodules")))
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(TIMEOUT_S):
            await several.run()()
        tasks.cancel_scope.cancel()
    assert several.results == [FINDINGS]


async def test_who_waits_is_run_by_the_one_that_is_there_then() -> None:
    old, new = Runner(), quick(finds=AiFindings("5 nodules"), plugin="new_cards")
    cards = Cards(gpu=old)
    several = Several(ModelRuns(cards, Seen()))
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(several.run())
        await anyio.wait_all_tasks_blocked()
        cards.runners["gpu"] = new
        old.may_end.set()
    assert several.results == [FINDINGS, AiFindings("5 nodules")]
    assert (len(old.works), len(new.works)) == (1, 1)


async def test_more_places_are_taken_at_once() -> None:
    gpu = Runner()
    several = Several(ModelRuns(Cards(gpu=gpu), Seen()))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(several.run())
        tasks.start_soon(several.run())
        await anyio.wait_all_tasks_blocked()
        assert gpu.running == 1
        gpu.max_at_once = 3
        tasks.start_soon(several.run())
        await anyio.wait_all_tasks_blocked()
        assert gpu.running == 3
        gpu.may_end.set()


async def test_one_without_a_place_for_too_long_is_asked_for_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gpu, seen = Runner(), Seen()
    runs = ModelRuns(Cards(gpu=gpu), seen)
    several = Several(runs)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(several.run())
        await anyio.wait_all_tasks_blocked()
        monkeypatch.setattr(model_runs, "WAIT_S", 0.01)
        with anyio.fail_after(TIMEOUT_S):
            outcome = await runs.run(RUN, work())
        assert outcome == Later(f"{named(RUN)}: no place within 0.01 s", AGAIN_AFTER_S)
        gpu.may_end.set()
    assert several.results == [FINDINGS]
    assert seen.failed == []


async def test_who_waits_gives_the_worker_back_to_other_work() -> None:
    gpu, quick_one = Runner(), quick()
    runs = ModelRuns(Cards(gpu=gpu, other=quick_one), Seen())
    workers, several = anyio.CapacityLimiter(4), Several(runs)

    async def worked(name: str) -> None:
        async with workers:
            await several.run(RunModel(name, "nodules"))()

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(worked, "gpu")
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(TIMEOUT_S):
            await worked("other")
        gpu.may_end.set()
    later = [each for each in several.results if isinstance(each, Later)]
    assert len(later) >= 1
    assert several.results.count(FINDINGS) >= 2


async def test_a_place_is_free_again_once_its_job_is_broken_off() -> None:
    gpu = Runner()
    several = Several(ModelRuns(Cards(gpu=gpu), Seen()))
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(several.run())
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert (several.results, gpu.running) == ([], 0)
    gpu.may_end.set()
    await several.run()()
    assert several.results == [FINDINGS]
