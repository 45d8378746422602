from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from pacsd.app.conf.settings import Config
from pacsd.app.metadata_making import MetadataCollector, make_metadata, tell_not_made
from pacsd.app.opening import Archive
from pacsd.archive.finding import QueryLimits
from pacsd.archive.metadata_ahead import CONSUMER
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Retriever, Unreadable
from pacsd.net.web.settings import DicomWebSettings
from tests.api.hookspecs.hooks_of import hooks_of
from tests.archive.small_archive import SCOPE, SmallArchive, small_archive


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as made:
        yield made


async def test_it_is_made_and_scraped(small: SmallArchive) -> None:
    hooks = hooks_of()
    archive = Archive(hooks, small.store, small.index)
    retriever = Retriever(small.store, small.index, QueryLimits())
    making = make_metadata(Config(), archive, retriever)
    registry = CollectorRegistry()
    registry.register(MetadataCollector(making.ahead.health))
    await small.put("1.1")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(making.run)
        with anyio.fail_after(30):
            while not await small.index.changes.cursor(SCOPE, CONSUMER):
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert registry.get_sample_value("pacsd_metadata_made_ahead_total") == 1


@pytest.mark.parametrize(
    ("settings", "is_ahead"),
    [
        (DicomWebSettings(), True),
        (DicomWebSettings(metadata_ahead=False), False),
        (DicomWebSettings(enabled=False), False),
    ],
)
async def test_it_is_made_ahead_by_the_settings(
    small: SmallArchive, settings: DicomWebSettings, is_ahead: bool
) -> None:
    hooks = hooks_of()
    archive = Archive(hooks, small.store, small.index)
    retriever = Retriever(small.store, small.index, QueryLimits())
    assert make_metadata(Config(dicomweb=settings), archive, retriever).is_ahead is is_ahead


def test_what_cannot_be_made_is_named_in_the_log() -> None:
    instance = Retrievable("1.2", "1.2.3.4", "1.2.3", ())
    with capture_logs() as captured:
        tell_not_made(instance, Unreadable("not found"))
        tell_not_made(instance, RuntimeError("Doe^Jane"))
    assert [each["sop_instance_uid"] for each in captured] == ["1.2.3.4"] * 2
    assert [each["explanation"] for each in captured] == ["not found", "RuntimeError"]
