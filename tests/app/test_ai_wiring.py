"""Inference put together: a model that is asked of a quiet study, and writes an object."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from prometheus_client import CollectorRegistry

from pacsd.api.ai import AiFindings, AiInput, AiResults, Prefetch, PriorWish
from pacsd.api.event_subject import EventSubject
from pacsd.api.hooks import hookimpl
from pacsd.app.ai_wiring import inference_of
from pacsd.app.clock import utc_us
from pacsd.app.conf.settings import Config, EventSettings
from pacsd.app.job_running import make_jobs
from pacsd.app.opening import Archive
from pacsd.index.index import open_index
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


@asynccontextmanager
async def inferring(archive: SmallArchive, model: Counter) -> AsyncIterator[None]:
    config = Config(events=EventSettings(series_quiet_s=0.01, study_quiet_s=0.02))
    inference = inference_of(Archive(hooks_of(model), archive.store, archive.index))
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
