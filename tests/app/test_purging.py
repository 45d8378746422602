from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from pacsd.api.errors import StoreError, StoreFault
from pacsd.app.conf.settings import Config, DeletionSettings
from pacsd.app.purging import PurgeCollector, PurgeLog, keep_us, make_purge
from pacsd.index.deletion_records import Cause
from tests.archive.small_archive import SCOPE, SmallArchive, small_archive


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as made:
        yield made


def test_how_long_deleted_objects_stay() -> None:
    assert keep_us(Config()) == 30 * 86_400_000_000
    assert keep_us(Config(deletion=DeletionSettings(keep_days=0.5))) == 43_200_000_000
    assert keep_us(Config(deletion=DeletionSettings(purge=False))) is None


async def test_the_purge_is_made_of_settings_and_scraped(archive: SmallArchive) -> None:
    await archive.put("1.1")
    await archive.curation.delete(SCOPE, ["1.1"], "admin", Cause(10))
    purge = make_purge(Config(), archive.curation)
    assert await purge._purge_part(keep_us(Config()) or 0) == 1
    registry = CollectorRegistry()
    registry.register(PurgeCollector(purge.health))
    assert registry.get_sample_value("pacsd_purged_instances_total") == 1


async def test_it_may_be_off(archive: SmallArchive) -> None:
    config = Config(deletion=DeletionSettings(purge=False))
    await make_purge(config, archive.curation).run()


def test_it_is_logged() -> None:
    with capture_logs() as captured:
        PurgeLog().purged(7)
        PurgeLog().purge_failed(StoreError(StoreFault.INPUT_OUTPUT, "test"))
    assert captured[0]["instances"] == 7
    assert captured[1]["explanation"] == "input/output error: test"
