import uuid
from pathlib import Path

import pytest
import structlog
from pacsd_s3_client.far import Far, open_far
from pacsd_store_s3.belonging import (
    Belonging,
    BelongingError,
    Mark,
    Owner,
    find_mark,
    parse_identity,
    put_mark,
    read_identity,
    write_identity,
)
from pacsd_store_s3.keys import Names

from pacsd.testing.blob_store_contract import commit_one
from pacsd.testing.memory_store import MemoryStore
from tests.far_stores import far_memory, settings

ONE, TWO = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))


async def settle(
    path: Path, far: Far, spool: MemoryStore, wanted: str = "", new: str = ONE
) -> Belonging:
    return await Owner(
        spool,
        far,
        Names(),
        path / "store_s3.json",
        structlog.get_logger(),
        wanted=wanted,
        new_identity=lambda: new,
    ).settle()


def unreachable() -> Far:
    chosen = settings(endpoint="http://127.0.0.1:1")
    return open_far(chosen)


async def test_all_three_know_each_other_from_the_first_start_on(tmp_path: Path) -> None:
    far, spool = far_memory(), MemoryStore()
    first = await settle(tmp_path, far, spool)
    assert first == Belonging(ONE, 1, is_new_spool=True, has_others=False)
    assert read_identity(tmp_path / "store_s3.json") == ONE
    assert await find_mark(spool) == Mark(ONE, 1)
    again = await settle(tmp_path, far, spool, new=TWO)
    assert again == Belonging(ONE, 1, is_new_spool=False, has_others=False)
    # The far store may be down then.
    assert (await settle(tmp_path, unreachable(), spool)).identity == ONE


async def test_the_first_start_needs_the_far_store(tmp_path: Path) -> None:
    with pytest.raises(BelongingError, match="first start needs the far store: nobody listens"):
        await settle(tmp_path, unreachable(), MemoryStore())


async def test_a_new_spool_has_a_new_generation(tmp_path: Path) -> None:
    far = far_memory()
    await settle(tmp_path, far, MemoryStore())
    second = await settle(tmp_path, far, MemoryStore())
    assert second == Belonging(ONE, 2, is_new_spool=True, has_others=True)


async def test_the_bucket_of_another_archive_is_refused(tmp_path: Path) -> None:
    far, spool = far_memory(), MemoryStore()
    await settle(tmp_path, far, spool)
    new = tmp_path / "new"
    new.mkdir()
    with pytest.raises(BelongingError, match=f'set identity = "{ONE}"'):
        await settle(new, far, MemoryStore())
    with pytest.raises(BelongingError, match=f"holds archive {ONE}, not {TWO}"):
        await settle(new, far, MemoryStore(), wanted=TWO)
    assert (await settle(new, far, MemoryStore(), wanted=ONE)).generation == 2
    write_identity(tmp_path / "other.json", TWO)
    (tmp_path / "other.json").rename(new / "store_s3.json")
    with pytest.raises(BelongingError, match=r"but .* names"):
        await settle(new, far, MemoryStore())
    with pytest.raises(BelongingError, match="the spool is of archive"):
        await settle(new, far, spool)


async def test_a_bucket_without_its_marker_is_refused(tmp_path: Path) -> None:
    spool = MemoryStore()
    await settle(tmp_path, far_memory(), spool)
    with pytest.raises(BelongingError, match="is it the right bucket and prefix"):
        await settle(tmp_path, far_memory(), spool)
    far = far_memory()
    await far.put_new("objects/0001/a", b"")
    (tmp_path / "new").mkdir()
    with pytest.raises(BelongingError, match="whose they are cannot be told"):
        await settle(tmp_path / "new", far, MemoryStore())


async def test_a_spool_with_objects_of_others_is_refused(tmp_path: Path) -> None:
    spool = MemoryStore()
    await commit_one(spool, bytes(200))
    with pytest.raises(BelongingError, match="objects of somebody else"):
        await settle(tmp_path, far_memory(), spool)
    empty = MemoryStore()
    assert await find_mark(empty) is None
    await put_mark(empty, Mark(TWO, 3))
    assert await find_mark(empty) == Mark(TWO, 3)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format":1,"store":"x"}', b"[" * 4000])
def test_what_is_no_marker(data: bytes) -> None:
    with pytest.raises(BelongingError, match="not a store's marker"):
        parse_identity(data, "there")


def test_a_format_from_the_future() -> None:
    with pytest.raises(BelongingError, match="format 2"):
        parse_identity(f'{{"format":2,"store":"{ONE}"}}'.encode(), "there")
