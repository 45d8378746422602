import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from pacsd.dicom.errors import ReencodeError
from pacsd.dicom.headers import Buffer
from pacsd.dicom.reencode import Reencoder
from pacsd.net.data_sets import CHUNK_BYTES, pad, read_file, reencode
from tests.dicom.written import BIG, DEFLATED, EXPLICIT, IMPLICIT, deflate, element


async def given(*buffers: bytes) -> AsyncGenerator[bytes, None]:
    for buffer in buffers:
        yield buffer


async def collect(buffers: AsyncIterator[Buffer]) -> list[bytes]:
    return [bytes(buffer) async for buffer in buffers]


def written(folder: Path, data: bytes) -> Path:
    path = folder / "data"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("length", [1, 3, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES - 1])
async def test_a_file_comes_in_chunks(tmp_path: Path, length: int) -> None:
    data = os.urandom(length)
    chunks = await collect(read_file(written(tmp_path, b"head" + data), 4))
    assert b"".join(chunks) == data
    assert {len(chunk) for chunk in chunks[:-1]} <= {CHUNK_BYTES}


async def test_an_empty_data_set_has_no_chunk(tmp_path: Path) -> None:
    assert await collect(read_file(written(tmp_path, b"head"), 4)) == []


async def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await collect(read_file(tmp_path / "none", 0))
    with pytest.raises(OSError, match="Invalid argument"):
        await collect(read_file(written(tmp_path, b""), -1))


async def test_a_file_is_closed_when_nobody_wants_the_rest(tmp_path: Path) -> None:
    path = written(tmp_path, bytes(2 * CHUNK_BYTES))
    async with aclosing(read_file(path, 0)) as chunks:
        await anext(chunks)
    assert str(path) not in opened()


def opened() -> set[str]:
    """The files that this process has open."""
    return {os.path.realpath(each) for each in Path("/proc/self/fd").iterdir()}


async def test_a_data_set_is_reencoded_on_the_way() -> None:
    pixels = os.urandom(CHUNK_BYTES * 3)
    data = element(0x00080018, "UI", b"1.2\0") + element(0x7FE00010, "OB", pixels)
    parts = [data[at : at + CHUNK_BYTES] for at in range(0, len(data), CHUNK_BYTES)]
    chunks = await collect(reencode(given(*parts), Reencoder(EXPLICIT, IMPLICIT)))
    expected = element(0x00080018, "UI", b"1.2\0", IMPLICIT)
    expected += element(0x7FE00010, "OB", pixels, IMPLICIT)
    assert b"".join(chunks) == expected
    assert all(len(chunk) % 2 == 0 for chunk in chunks)


@pytest.mark.parametrize("source", [EXPLICIT, DEFLATED], ids=lambda each: each.keyword)
async def test_all_but_the_last_chunk_are_even_and_none_is_large(source: object) -> None:
    data = element(0x00091001, "OB", os.urandom(1_000_000))
    if source is DEFLATED:
        black = deflate(element(0x00091001, "OB", bytes(32 * 1024 * 1024)))
        chunks = await collect(reencode(given(black), Reencoder(DEFLATED, BIG)))
    else:
        parts = (data[at : at + CHUNK_BYTES] for at in range(0, len(data), CHUNK_BYTES))
        chunks = await collect(reencode(given(*parts), Reencoder(EXPLICIT, DEFLATED)))
    assert all(len(chunk) % 2 == 0 for chunk in chunks)
    assert max(map(len, chunks)) < 2 * CHUNK_BYTES


async def test_a_deflated_data_set_is_padded() -> None:
    assert await collect(pad(given(b"ab", b"c"))) == [b"ab", b"c\0"]
    assert await collect(pad(given(b"ab", b"cd"))) == [b"ab", b"cd"]


async def test_what_cannot_be_reencoded_says_so() -> None:
    with pytest.raises(ReencodeError, match="cut short"):
        await collect(reencode(given(b"\x08\0\x18\0UI\4\0"), Reencoder(EXPLICIT, BIG)))
