import threading
from pathlib import Path

import anyio
import pytest

from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.index import HEADERS_FILE, INDEX_FILE, METADATA_FILE, Index, open_index
from pacsd.index.quarantining import QuarantineBounds
from pacsd.index.records import AuditEntry, Outcome
from pacsd.index.session import NewHeader, WriteSession
from pacsd.index.sqlite import driver
from tests.index.made import SCOPE, Clock, new, outcomes


def index_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("index ")]


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def settled(index: Index) -> None:
    """What the writer does after an answer is done."""
    await index.put_headers([])
    await index.put_headers([])


async def test_a_group_is_durable_once_it_is_answered(tmp_path: Path) -> None:
    async with open_index(tmp_path, now_us=Clock()) as index:
        assert outcomes(await index.add([new("1.1"), new("1.2")])) == [Outcome.STORED] * 2
        assert await index.add([]) == []
    async with open_index(tmp_path, now_us=Clock()) as index:
        assert outcomes(await index.add([new("1.1")])) == [Outcome.DUPLICATE]


async def test_many_tasks_may_add_the_same_at_once(index: Index) -> None:
    found: list[Outcome] = []

    async def add() -> None:
        found.extend(outcomes(await index.add([new("1.1"), new("1.1", content=b"other")])))

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(add)
    assert sorted(found) == sorted(
        [Outcome.STORED, Outcome.CONFLICT] + [Outcome.DUPLICATE, Outcome.CONFLICT_KNOWN] * 9
    )


async def test_headers_come_back_and_can_be_put_again(index: Index) -> None:
    first, second = await index.add([new("1.1", header=b"first"), new("1.2")])
    await settled(index)
    numbers = [first.instance, second.instance]
    assert await index.headers(numbers) == {first.instance: b"first"}
    await index.put_headers([NewHeader(second.instance, None, b"second")])
    await settled(index)
    assert await index.headers(numbers) == {first.instance: b"first", second.instance: b"second"}
    assert await index.headers([]) == {}


async def test_headers_are_there_waiting_or_written(tmp_path: Path) -> None:
    numbers: list[int] = []
    async with open_index(tmp_path, now_us=Clock()) as index:
        for round_ in range(3):
            group = [new(f"{round_}.{each}", header=b"header") for each in range(50)]
            numbers += [verdict.instance for verdict in await index.add(group)]
            await settled(index)
            assert len(await index.headers(numbers)) == len(numbers)
    async with open_index(tmp_path, now_us=Clock()) as index:
        assert len(await index.headers(numbers)) == 150


async def test_closing_leaves_no_thread_and_no_log(tmp_path: Path) -> None:
    async with open_index(tmp_path, now_us=Clock(), readers=3) as index:
        await index.add([new("1.1", header=b"header")])
        await index.stats(SCOPE)
        await index.headers([1])
        await index.metadata([1])
        assert len(index_threads()) == 10
    assert index_threads() == []
    assert names(tmp_path) == [HEADERS_FILE, INDEX_FILE, METADATA_FILE]


async def test_closing_is_not_cut_short_by_cancellation(tmp_path: Path) -> None:
    async with anyio.create_task_group() as tasks, open_index(tmp_path, now_us=Clock()) as index:
        await index.add([new("1.1")])
        tasks.cancel_scope.cancel()
    assert index_threads() == []
    assert names(tmp_path) == [HEADERS_FILE, INDEX_FILE, METADATA_FILE]


async def test_an_index_that_cannot_be_opened_leaves_no_thread(tmp_path: Path) -> None:
    with pytest.raises(IndexFault) as raised:
        async with open_index(tmp_path / "nowhere", now_us=Clock()):
            pass
    assert raised.value.kind is IndexFaultKind.UNREADABLE
    assert index_threads() == []


async def test_a_closed_index_says_so(tmp_path: Path) -> None:
    async with open_index(tmp_path, now_us=Clock()) as index:
        pass
    with pytest.raises(IndexFault) as raised:
        await index.add([new("1.1")])
    assert raised.value.kind is IndexFaultKind.STOPPED


async def test_a_full_disk_is_a_fault_and_nothing_is_visible(index: Index) -> None:
    await index.add([new("1.0")])
    await index._threads.write(limit_pages)
    with pytest.raises(IndexFault) as raised:
        await index.add([new(f"1.{number}" * 8) for number in range(500)])
    assert raised.value.kind is IndexFaultKind.NO_SPACE
    assert (await index.stats(SCOPE)).rows["instance"] == 1


def limit_pages(session: WriteSession) -> None:
    connection = driver(session.connection)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")


async def test_the_bounds_of_quarantine_are_those_given(tmp_path: Path) -> None:
    bounds = QuarantineBounds(versions=1)
    async with open_index(tmp_path, now_us=Clock(), bounds=bounds) as index:
        group = [new("1.1", content=content) for content in (b"a", b"b", b"c")]
        assert outcomes(await index.add(group)) == [
            Outcome.STORED,
            Outcome.CONFLICT,
            Outcome.CONFLICT_FULL,
        ]


async def test_an_entry_is_audited(index: Index) -> None:
    await index.audit(SCOPE, AuditEntry("admin", "look", "done"), AuditEntry("x", "y", "z"))
    assert (await index.stats(SCOPE)).rows["audit"] == 2


async def test_health_costs_nothing_to_ask(index: Index) -> None:
    await index.add([new("1.1")])
    await settled(index)
    health = index.health()
    assert health.wal_bytes > 0
    assert (health.waiting_units, health.failed_checkpoints, health.header_failures) == (0, 0, 0)
    assert (health.headers_recreated_because, health.upgraded_from) == ("", "")


async def test_the_highest_key_of_a_partition(index: Index) -> None:
    await index.add([new("1.1", key="a"), new("1.1", content=b"b", key="b")])
    assert await index.highest_keys("store_fs", 1, 1) == ["b"]
    assert await index.highest_keys("store_fs", 1, 2) == []
