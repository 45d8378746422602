"""Inference put together: a model that is asked of a quiet study, and writes an object."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
from prometheus_client import CollectorRegistry

from pacsd.api.ai import AiFindings, AiInput, AiResults, Prefetch, PriorWish, RunModel
from pacsd.api.ai_runner import AiRunner, AiWork
from pacsd.api.event_subject import EventSubject
from pacsd.api.hooks import hookimpl
from pacsd.app.ai_wiring import inference_of
from pacsd.app.clock import utc_us
from pacsd.app.conf.settings import Config, EventSettings
from pacsd.app.job_running import make_jobs
from pacsd.app.opening import Archive
from pacsd.index.index import open_index
from pacsd.index.job_records import JobFilter, JobState
from pacsd.index.records import Scope
from pacsd.testing.memory_store import MemoryStore
from tests.api.hookspecs.hooks_of import hooks_of
from tests.app.small_archive import SmallArchive
from tests.app.test_route_wiring import TIMEOUT_S, until_read


class Counter:
    """Wishes for a prior, counts what it is given, and says that it wrote what is there."""

    def __init__(self) -> None:
        self.inputs: tuple[AiInput, ...] = ()
        self.findings: list[AiFindings] = []
        self.persisted = anyio.Event()

    @hookimpl
    async def pacsd_prefetch(self) -> Prefetch:
        return Prefetch((PriorWish("CT"),))

    @hookimpl
    async def pacsd_infer(
        self, subject: EventSubject, inputs: tuple[AiInput, ...]
    ) -> AiFindings | None:
        if subject.event.study_instance_uid != "1.2.3":
            return None
        self.inputs = inputs
        return AiFindings(f"{len(inputs)} series", "{}")

    @hookimpl
    async def pacsd_persist(self, findings: AiFindings) -> AiResults:
        self.findings.append(findings)
        self.persisted.set()
        return AiResults(("1.2.3.4",))


class Delegating:
    """Has a runner count."""

    def __init__(self) -> None:
        self.findings: list[AiFindings] = []
        self.persisted = anyio.Event()

    @hookimpl
    async def pacsd_infer(self) -> RunModel:
        return RunModel("abacus", "series", "1.0")

    @hookimpl
    async def pacsd_persist(self, findings: AiFindings) -> None:
        self.findings.append(findings)
        self.persisted.set()


class Abacus:
    """Gives a runner that counts."""

    max_at_once = 1

    def __init__(self) -> None:
        self.works: list[AiWork] = []

    @hookimpl
    async def pacsd_ai_runner(self, name: str) -> AiRunner | None:
        return self if name == "abacus" else None

    async def run(self, work: AiWork, /) -> AiFindings:
        self.works.append(work)
        return AiFindings(f"{len(work.inputs)} series", "{}")


@asynccontextmanager
async def inferring(archive: SmallArchive, *plugins: object) -> AsyncIterator[None]:
    config = Config(events=EventSettings(series_quiet_s=0.01, study_quiet_s=0.02))
    inference = inference_of(Archive(hooks_of(*plugins), archive.store, archive.index))
    running = make_jobs(
        config, archive.index, CollectorRegistry(), inference.consumers, inference.handlers
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(running.run)
        await until_read(archive.index, "infer:acme")
        yield
        tasks.cancel_scope.cancel()


async def test_a_model_is_given_a_quiet_study_with_a_prior(tmp_path: Path) -> None:
    model = Counter()
    async with open_index(tmp_path, now_us=utc_us) as index:
        archive = SmallArchive(MemoryStore(), index)
        await archive.add(
            "1.9.1.1", StudyInstanceUID="1.9", SeriesInstanceUID="1.9.1", StudyDate="20250101"
        )
        async with inferring(archive, model):
            await archive.add("1.2.3.4")
            with anyio.fail_after(TIMEOUT_S):
                await model.persisted.wait()
    assert [each.series_instance_uid for each in model.inputs] == ["1.2.3.1", "1.9.1"]
    assert [each.is_prior for each in model.inputs] == [False, True]
    assert model.findings == [AiFindings("2 series", "{}")]


async def test_a_model_is_run_by_another_plugin(tmp_path: Path) -> None:
    model, abacus = Delegating(), Abacus()
    async with open_index(tmp_path, now_us=utc_us) as index:
        archive = SmallArchive(MemoryStore(), index)
        async with inferring(archive, model, abacus):
            await archive.add("1.2.3.4")
            with anyio.fail_after(TIMEOUT_S):
                await model.persisted.wait()
    [work] = abacus.works
    assert (work.model, work.version, work.attempt) == ("series", "1.0", 1)
    assert model.findings == [AiFindings("1 series", "{}")]


async def test_a_runner_that_nobody_gives_is_named_by_a_dead_letter(tmp_path: Path) -> None:
    model = Delegating()
    async with open_index(tmp_path, now_us=utc_us) as index:
        archive = SmallArchive(MemoryStore(), index)
        async with inferring(archive, model):
            await archive.add("1.2.3.4")
            dead = JobFilter(JobState.DEAD)
            with anyio.fail_after(TIMEOUT_S):
                while not (jobs := await index.jobs.page(Scope(), dead, 0, 10)):
                    await anyio.lowlevel.checkpoint()
    [job] = jobs
    assert job.kind == "infer"
    assert job.explanation == "runner abacus, model series 1.0: no plugin provides 'abacus'"
