"""Corrected data sets that are read from anywhere."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from pacsd.archive import corrected_source
from pacsd.archive.corrected_source import read_corrected
from pacsd.archive.outlines import read_whole
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Unreadable
from pacsd.dicom.plain_corrector import NewValue
from pacsd.dicom.registry import TransferSyntax
from pacsd.testing.memory_store import MemoryStore
from tests.archive.stored_objects import retrievable
from tests.dicom.written import DEFLATED, EXPLICIT, deflate, element

NAME, DOCUMENT = 0x00100010, 0x00420011
PIECE_BYTES = 1_000
HEADER = element(NAME, "PN", b"Doe ") + element(DOCUMENT, "OB", bytes(range(200)) * 500)
DATA = HEADER + element(0x7FE00010, "OW", bytes(500_000))


class InPieces:
    """Gives data out as if it were a corrected data set, and counts the pieces."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.pieces = 0

    async def read(self, instance: Retrievable) -> AsyncGenerator[bytes, None]:
        assert instance.is_corrected
        for at in range(0, len(self._data), PIECE_BYTES):
            self.pieces += 1
            yield self._data[at : at + PIECE_BYTES]


async def instance(syntax: TransferSyntax = EXPLICIT) -> Retrievable:
    one = await retrievable(MemoryStore(), DATA, syntax.uid)
    return replace(one, corrections=(NewValue(NAME, "Roe", "19700101"),))


async def test_any_part_is_read_and_nothing_behind_it() -> None:
    reads = InPieces(DATA)
    source, outline = await read_corrected(reads, await instance())
    assert reads.pieces == len(HEADER) // PIECE_BYTES + 1
    assert source.size_bytes == reads.pieces * PIECE_BYTES
    assert outline.header.is_whole
    assert outline.header.value(NAME) == b"Doe "
    [document] = outline.header.passed
    assert await read_whole(source, document.offset, document.length) == bytes(range(200)) * 500
    for offset, length in ((0, 1), (999, 2), (1_000, 1_000), (1_500, 4_000), (len(DATA) - 1, 9)):
        reads.pieces = 0
        assert await read_whole(source, offset, length) == DATA[offset : offset + length]
        assert reads.pieces == min(
            -(-(offset + length) // PIECE_BYTES), -(-len(DATA) // PIECE_BYTES)
        )
    pieces = [piece async for piece in source.read([(5, 10), (2, 3)])]
    assert pieces == [DATA[5:15], DATA[2:5]]


async def test_a_header_alone_ends_where_the_data_set_does() -> None:
    _, outline = await read_corrected(InPieces(HEADER), await instance())
    assert outline.header.is_whole
    assert outline.size_bytes == len(HEADER)


async def test_what_is_deflated_is_inflated_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    deflated = deflate(DATA)
    source, outline = await read_corrected(InPieces(deflated), await instance(DEFLATED))
    assert outline.header.value(NAME) == b"Doe "
    assert await read_whole(source, 0, source.size_bytes) == DATA
    monkeypatch.setattr(corrected_source, "MAX_HELD_BYTES", len(deflated) - 1)
    with pytest.raises(Unreadable, match="it is deflated, and longer than"):
        await read_corrected(InPieces(deflated), await instance(DEFLATED))
