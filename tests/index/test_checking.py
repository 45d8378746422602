from pathlib import Path

import anyio
import anyio.to_thread

from pacsd.index.checking import stores_of
from pacsd.index.index import INDEX_FILE, Index, open_index
from pacsd.index.records import CopyCheck, CopyState, Scope
from tests.index.made import SCOPE, desk_in, new, rows


async def test_keys_are_known_by_copies_and_versions(index: Index) -> None:
    await index.add([new("1.1", key="a"), new("1.1", content=b"another", key="b")])
    await index.add([new("1.2", key="c", store="other")])
    known = await index.checks.known_keys("store_fs", ["a", "b", "c", "d"])
    assert known == {"a", "b"}
    assert await index.checks.known_keys("store_fs", []) == frozenset()


async def test_more_keys_than_a_statement_takes(index: Index) -> None:
    await index.add([new("1.1", key="k2500")])
    keys = [f"k{number}" for number in range(3_000)]
    assert await index.checks.known_keys("store_fs", keys) == {"k2500"}


async def test_copies_and_versions_of_a_store_are_counted(index: Index) -> None:
    await index.add([new("1.1"), new("1.1", content=b"another"), new("1.2", store="other")])
    assert await index.checks.count(SCOPE, "store_fs") == 2
    assert await index.checks.count(SCOPE, "nowhere") == 0
    assert await index.checks.count(Scope(2), "store_fs") == 0


async def test_bad_copies_are_counted_by_state(index: Index) -> None:
    await index.add([new(f"1.{number}") for number in range(4)])
    copies = await index.copies.by_location(SCOPE, "store_fs")
    states = (CopyState.DAMAGED, CopyState.MISSING, CopyState.MISSING)
    checks = [
        CopyCheck(each.instance, each.location, state, 7)
        for each, state in zip(copies, states, strict=False)
    ]
    await index.copies.mark(SCOPE, checks)
    assert await index.checks.bad_copies(SCOPE) == {CopyState.DAMAGED: 1, CopyState.MISSING: 2}
    assert await index.checks.bad_copies(Scope(2)) == {}


def test_bad_copies_are_found_without_reading_the_good_ones(tmp_path: Path) -> None:
    with desk_in(tmp_path) as desk:
        plan = rows(desk, "EXPLAIN QUERY PLAN SELECT count(*) FROM copy WHERE state != 1")
    assert "ix_copy_state" in str(plan)


async def test_the_stores_of_copies_and_versions_are_named(index: Index) -> None:
    assert await index.checks.stores() == frozenset()
    await index.add([new("1.1"), new("1.2", store="other")])
    await index.add([new("1.1", content=b"another", store="third")])
    assert await index.checks.stores() == {"store_fs", "other", "third"}


async def test_of_an_index_that_nobody_has_opened_they_can_be_read(tmp_path: Path) -> None:
    async with open_index(tmp_path, now_us=lambda: 1) as index:
        assert await anyio.to_thread.run_sync(stores_of, tmp_path / INDEX_FILE) == frozenset()
        await index.add([new("1.2", store="other")])
    await anyio.Path(tmp_path / "none").write_bytes(b"no database " * 1000)
    for path, stores in ((INDEX_FILE, {"other"}), ("none", None), ("nowhere/none", None)):
        assert await anyio.to_thread.run_sync(stores_of, tmp_path / path) == stores
