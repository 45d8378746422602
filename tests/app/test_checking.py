from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from pacsd.api.errors import StoreError, StoreFault
from pacsd.app.admin.errands import ErrandError
from pacsd.app.checking import CheckErrand, ScrubCollector, ScrubLog, make_scrub
from pacsd.app.conf.settings import Config, ScrubSettings, StoreSettings
from pacsd.app.opening import Archive
from pacsd.archive.check_records import Finding, FindingKind
from pacsd.index.records import CopyState
from pacsd.testing.memory_store import MemoryStore
from tests.api.hookspecs.hooks_of import hooks_of
from tests.archive.stored import STORE, Stored, content, stored

CONFIG = Config(store=StoreSettings(name=STORE))


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Stored]:
    async with stored(tmp_path) as opened:
        yield opened


def errand_of(archive: Stored, *, is_in_use: bool = True) -> CheckErrand:
    hooks = hooks_of()
    opened = Archive(hooks, archive.store, archive.index)
    return CheckErrand(CONFIG, opened, opened.register, with_digests=True, is_in_use=is_in_use)


async def test_what_lies_in_a_store_that_is_not_configured_is_not_looked_at(
    archive: Stored,
) -> None:
    await archive.add(content(1), content(2))
    opened = Archive(hooks_of(), MemoryStore("elsewhere"), archive.index)
    config = Config(store=StoreSettings(name="elsewhere"))
    errand = CheckErrand(config, opened, opened.register, with_digests=True, is_in_use=True)
    with capture_logs() as captured:
        await errand.run()
    assert errand.report().findings == (
        Finding(FindingKind.PASSED_OVER, "2 files", None, store=STORE),
    )
    [line] = captured
    assert (line["found"], line["key"], line["store"]) == ("not looked at", "2 files", STORE)


async def test_a_check_reports_and_logs_what_it_finds(archive: Stored) -> None:
    first, second = await archive.add(content(1), content(2))
    archive.damage(first)
    errand = errand_of(archive)
    with capture_logs() as captured:
        await errand.run()
    assert errand.report().counts == {"damaged": 1}
    [line] = captured
    assert (line["found"], line["key"]) == ("damaged", first)
    assert second not in str(captured)


async def test_without_a_daemon_only_the_report_tells(archive: Stored) -> None:
    (key,) = await archive.add(content(1))
    archive.damage(key)
    errand = errand_of(archive, is_in_use=False)
    with capture_logs() as captured:
        await errand.run()
    assert (errand.report().counts, captured) == ({"damaged": 1}, [])


async def test_a_check_that_cannot_go_on_says_why(archive: Stored) -> None:
    await archive.file(content(1))
    await archive.add(content(1), content(2))
    archive.store.errors["delete"] = StoreError(StoreFault.READ_ONLY, "test")
    with pytest.raises(ErrandError, match="read-only: test"):
        await errand_of(archive).run()


async def test_a_check_whose_state_log_nobody_understands_says_why(archive: Stored) -> None:
    await archive.file(content(1))
    await archive.add(content(2))
    await archive.store.state_log.append([b'{"merged": 1}'])
    with pytest.raises(ErrandError, match="unknown field 'merged'"):
        await errand_of(archive).run()


async def test_the_scrub_is_made_of_settings_and_scraped(archive: Stored) -> None:
    first, second, _ = await archive.add(*map(content, range(3)))
    archive.damage(first)
    del archive.store.objects[second]
    scrub = make_scrub(CONFIG, archive.store, archive.index)
    with capture_logs() as captured:
        await scrub._scrub_page()
    await scrub.count_bad()
    assert [(line["found"], line["key"]) for line in captured] == [
        ("damaged", first),
        ("missing", second),
    ]
    registry = CollectorRegistry()
    registry.register(ScrubCollector(scrub.health))

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert value("pacsd_scrub_verified_copies_total") == 1
    assert (value("pacsd_scrub_read_bytes_total") or 0) > 200
    for found in ("damaged", "missing"):
        assert value("pacsd_scrub_bad_copies_total", found=found) == 1
        assert value("pacsd_bad_copies", found=found) == 1


async def test_the_scrub_may_be_off(archive: Stored) -> None:
    await archive.add(content(1))
    config = CONFIG.model_copy(update={"scrub": ScrubSettings(enabled=False)})
    scrub = make_scrub(config, archive.store, archive.index)
    assert not await scrub._scrub_page()
    assert {copy.state for copy in (await archive.copies()).values()} == {CopyState.OK}
    assert scrub.health().verified == 0


async def test_a_fault_is_logged() -> None:
    with capture_logs() as captured:
        ScrubLog().scrub_failed(StoreError(StoreFault.INPUT_OUTPUT, "test"))
    assert captured[0]["explanation"] == "input/output error: test"
