import os
from pathlib import Path

import pytest

from pacsd.app.spool import CHUNK_BYTES, FolderSpools
from pacsd.dicomweb.errors import TooLarge
from pacsd.net.web.exchange import Unavailable
from pacsd.net.web.spooling import Spool, Spooled


async def read(spool: Spool, offset: int, size_bytes: int) -> bytes:
    pieces = [each async for each in spool.read(Spooled(offset, size_bytes))]
    assert all(0 < len(each) <= CHUNK_BYTES for each in pieces)
    return b"".join(pieces)


async def test_what_is_written_is_read(tmp_path: Path) -> None:
    data = os.urandom(3 * CHUNK_BYTES + 17)
    async with FolderSpools(tmp_path, 10 * CHUNK_BYTES).opened() as spool:
        for at in range(0, len(data), 70_001):
            await spool.write(memoryview(data)[at : at + 70_001])
        assert await read(spool, 0, len(data)) == data
        assert (
            await read(spool, CHUNK_BYTES - 5, CHUNK_BYTES + 9)
            == (data[CHUNK_BYTES - 5 : 2 * CHUNK_BYTES + 4])
        )
        assert await read(spool, len(data) - 3, 3) == data[-3:]
        assert await read(spool, 5, 0) == b""


async def test_its_file_has_no_name(tmp_path: Path) -> None:
    async with FolderSpools(tmp_path, 10 * CHUNK_BYTES).opened() as spool:
        await spool.write(bytes(2 * CHUNK_BYTES))
        assert os.listdir(tmp_path) == []  # noqa: PTH208 - Path would wait for the disk, too


async def test_cleared_it_begins_anew(tmp_path: Path) -> None:
    spools = FolderSpools(tmp_path, 4 * CHUNK_BYTES)
    async with spools.opened() as spool:
        for round_ in range(3):
            await spool.write(bytes([round_]) * 3 * CHUNK_BYTES)
            assert spools.used_bytes == 3 * CHUNK_BYTES
            assert await read(spool, CHUNK_BYTES, 2) == bytes([round_]) * 2
            await spool.clear()
            assert spools.used_bytes == 0
        await spool.write(b"little")
        await spool.clear()
        await spool.write(b"more")
        assert await read(spool, 0, 4) == b"more"
    assert spools.used_bytes == 0


async def test_a_request_has_a_bound(tmp_path: Path) -> None:
    spools = FolderSpools(tmp_path, 1000)
    async with spools.opened() as spool:
        await spool.write(bytes(1000))
        with pytest.raises(TooLarge, match=r"more than 1000 bytes .*max_spool_bytes"):
            await spool.write(b"x")
    assert spools.used_bytes == 0


async def test_all_requests_have_one_together(tmp_path: Path) -> None:
    spools = FolderSpools(tmp_path, 1000)
    async with spools.opened() as one, spools.opened() as other:
        await one.write(bytes(900))
        with pytest.raises(Unavailable, match="900 bytes of bulk data wait already"):
            await other.write(bytes(200))
        await one.clear()
        await other.write(bytes(200))


async def test_some_room_is_left_to_others(tmp_path: Path) -> None:
    spools = FolderSpools(tmp_path, 10 * CHUNK_BYTES, min_free_bytes=2**60)
    async with spools.opened() as spool:
        await spool.write(bytes(CHUNK_BYTES - 1))  # in memory
        with pytest.raises(Unavailable, match=r"nearly full \(store.min_free_bytes\)"):
            await spool.write(b"x")
    assert spools.used_bytes == 0


async def test_what_cannot_be_written(tmp_path: Path) -> None:
    async with FolderSpools(tmp_path / "missing", 10 * CHUNK_BYTES).opened() as spool:
        with pytest.raises(Unavailable, match="No such file or directory"):
            await spool.write(bytes(CHUNK_BYTES))
