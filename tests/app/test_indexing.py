import hashlib
from pathlib import Path

import anyio
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.reception import Reception
from pacsd.api.store import StageRequest
from pacsd.app import index_folder, indexing
from pacsd.app.conf.settings import IndexSettings
from pacsd.archive import adoption
from pacsd.archive.curation import Curation
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.instance import InstanceRequest
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.records import InstanceState, Scope
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set

SETTINGS = IndexSettings(durability="relaxed")
RECEPTION = Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse")


async def store_of(*uids: str) -> MemoryStore:
    store = MemoryStore()
    for uid in uids:
        request = InstanceRequest(CT_IMAGE_STORAGE, uid, "1.2.840.10008.1.2.1", RECEPTION)
        content = encode_preface(request) + data_set({"SOPInstanceUID": uid})
        await store.commit([await store.stage(StageRequest(1, content, hashlib.sha256()))])
    return store


async def test_the_index_lies_in_a_folder_of_its_own(tmp_path: Path) -> None:
    async with indexing.opened(SETTINGS, tmp_path) as index:
        assert await index.instances.find(Scope(), "1.2.3") is None
    assert (tmp_path / "index").stat().st_mode & 0o777 == 0o700
    assert {path.name for path in (tmp_path / "index").iterdir()} >= {"index.sqlite"}


async def test_a_file_that_is_no_database_keeps_it_from_opening(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index/index.sqlite").write_bytes(b"no database " * 1000)
    with pytest.raises(IndexFault):
        async with indexing.opened(SETTINGS, tmp_path):
            pass


def test_damage_names_the_file_and_what_to_do(tmp_path: Path) -> None:
    fault = IndexFault(IndexFaultKind.CORRUPT, "SQLITE_CORRUPT: malformed")
    with pytest.raises(indexing.IndexUnusable) as raised:
        indexing.check_usable(fault, tmp_path)
    assert str(raised.value) == (
        f"{tmp_path}/index/index.sqlite is damaged (SQLITE_CORRUPT: malformed): "
        "`pacsd index rebuild` makes it anew of the stored files"
    )
    indexing.check_usable(IndexFault(IndexFaultKind.BUSY, "SQLITE_BUSY"), tmp_path)


async def test_what_a_crash_left_over_is_indexed_and_told(tmp_path: Path) -> None:
    store = await store_of("1.2.1", "1.2.2", "1.2.1")
    async with indexing.opened(SETTINGS, tmp_path) as index:
        with capture_logs() as captured:
            await indexing.adopt_left_over(store, "memory", index)
            await indexing.adopt_left_over(store, "memory", index)
        assert await index.instances.find(Scope(), "1.2.2") is not None
    [line] = captured
    assert (line["log_level"], line["indexed"], line["removed"]) == ("warning", 2, 1)
    assert line["event"] == "files that a crash had left over were indexed"


async def test_an_index_that_was_not_there_is_told_in_plain_words(tmp_path: Path) -> None:
    store = await store_of("1.2.1", "1.2.2")
    async with indexing.opened(SETTINGS, tmp_path) as index:
        with capture_logs() as captured:
            await indexing.adopt_left_over(store, "memory", index, is_new_index=True)
    before, after = captured
    assert before["event"] == "the index was not there: it is being made of the files in the store"
    assert after["event"] == "the index was made of files in the store"
    assert (before["log_level"], after["log_level"], after["indexed"]) == ("warning", "warning", 2)


async def test_a_new_index_of_an_empty_store_is_nothing_to_tell(tmp_path: Path) -> None:
    async with indexing.opened(SETTINGS, tmp_path) as index:
        with capture_logs() as captured:
            await indexing.adopt_left_over(MemoryStore(), "memory", index, is_new_index=True)
    assert captured == []


async def test_an_index_of_another_store_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "MAX_FILES", 1)
    store = await store_of("1.2.1", "1.2.2")
    async with indexing.opened(SETTINGS, tmp_path) as index:
        with capture_logs() as captured:
            assert not await indexing.adopt_left_over(store, "memory", index)
    assert [line["log_level"] for line in captured] == ["warning", "error"]
    assert "`pacsd index rebuild`" in captured[1]["event"]


async def test_a_file_nobody_understands_is_told(tmp_path: Path) -> None:
    store = MemoryStore()
    await store.commit([await store.stage(StageRequest(1, b"junk", hashlib.sha256()))])
    async with indexing.opened(SETTINGS, tmp_path) as index:
        with capture_logs() as captured:
            await indexing.adopt_left_over(store, "memory", index)
    [line] = captured
    assert (line["log_level"], line["files"]) == ("error", 1)


async def test_a_file_that_should_be_gone_is_told(tmp_path: Path) -> None:
    store = await store_of("1.2.1", "1.2.2")
    async with indexing.opened(SETTINGS, tmp_path) as index:
        await indexing.adopt_left_over(store, "memory", index)
        curation = Curation(store, "memory", index, now_us=lambda: 7)
        await curation.delete(Scope(), ["1.2.1"], "admin")
        store.errors["delete"] = StoreError(StoreFault.INPUT_OUTPUT, "test")
        assert await curation.purge(Scope(), 8, 9, "pacsd") == 1
        with capture_logs() as captured:
            await indexing.adopt_left_over(store, "memory", index)
    [line] = captured
    assert (line["log_level"], line["files"]) == ("warning", 1)
    assert line["event"].startswith("files of what was removed for good are still there")


async def test_its_health_is_scraped(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    async with indexing.opened(SETTINGS, tmp_path) as index:
        registry.register(indexing.IndexCollector(index.health))
        assert registry.get_sample_value("pacsd_index_waiting_units") == 0
        assert (registry.get_sample_value("pacsd_index_wal_bytes") or 0) >= 0
        assert registry.get_sample_value("pacsd_index_header_failures_total") == 0


async def test_what_was_decided_last_is_carried_out_and_told(tmp_path: Path) -> None:
    store = await store_of("1.2.1")
    async with indexing.opened(SETTINGS, tmp_path) as index:
        await indexing.adopt_left_over(store, "memory", index)
        curation = Curation(store, "memory", index, now_us=lambda: 7)
        await curation.delete(Scope(), ["1.2.1"], "admin")
        await index.instances.restore(Scope(), ["1.2.1"], "test")
        await index.note_log_position(0)
        with capture_logs() as captured:
            await indexing.catch_up(store, index, is_complete=True)
            await indexing.catch_up(store, index, is_complete=True)
        found = await index.instances.find(Scope(), "1.2.1")
        with pytest.raises(indexing.IndexUnusable, match="`pacsd index rebuild`"):
            await indexing.check_lost(store)
    assert found is not None
    assert found.state is InstanceState.DELETED
    [line] = captured
    assert (line["log_level"], line["decisions"]) == ("warning", 1)
    assert line["event"] == "decisions that a crash had interrupted were carried out"


async def test_a_lost_index_may_be_made_of_files_about_which_nobody_decided() -> None:
    await indexing.check_lost(await store_of("1.2.1"))


async def test_an_index_made_anew_takes_its_place_at_the_next_start(tmp_path: Path) -> None:
    async with indexing.opened(SETTINGS, tmp_path):
        pass
    index_folder.begin(tmp_path).rename(tmp_path / "index.rebuilt")
    async with indexing.opened(SETTINGS, tmp_path):
        names = {path.name.partition("-")[0] async for path in anyio.Path(tmp_path).iterdir()}
    assert names == {"index", "index.before"}


async def test_decisions_are_not_lost_on_an_index_that_lacks_files(tmp_path: Path) -> None:
    store = await store_of("1.2.1")
    async with indexing.opened(SETTINGS, tmp_path) as index:
        await indexing.catch_up(store, index, is_complete=False)
        await indexing.adopt_left_over(store, "memory", index)
        curation = Curation(store, "memory", index, now_us=lambda: 7)
        await curation.delete(Scope(), ["1.2.1"], "admin")
        await indexing.catch_up(store, index, is_complete=False)
        await index.note_log_position(0)
        with pytest.raises(indexing.IndexUnusable, match="pacsd index rebuild"):
            await indexing.catch_up(store, index, is_complete=False)
        assert await index.log_position() == 0
