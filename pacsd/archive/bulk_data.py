"""The value of any element of an instance, as it leaves (PS3.18 section 10.4.1.1.5).

As stored, and read where it lies; what was corrected is read out of the corrected data set.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

import anyio.to_thread

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore
from pacsd.archive.corrected_source import read_corrected
from pacsd.archive.metadata_maker import ReadsCorrected
from pacsd.archive.outlines import MemorySource, Source, open_source, read_outline, read_whole
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Unreadable
from pacsd.dicom.byte_order import swap, unit_bytes
from pacsd.dicom.corrector import may_change
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.errors import DicomError
from pacsd.dicom.header_stream import PassedValue
from pacsd.dicom.header_writer import encode_header
from pacsd.dicom.headers import EXPLICIT_BIG, UNDEFINED_LENGTH, Layout
from pacsd.dicom.outline import PIXELS, Outline
from pacsd.dicom.stored_header import header_syntax
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.dicom.walk import Path
from pacsd.index.records import Copy

MAX_HELD_BYTES = 64 * 1024 * 1024
"""Of a sequence that a value is in, and of a value that must be turned round."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value in little endian, and where it lies."""

    source: Source
    offset: int
    size_bytes: int

    async def read(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        """Its bytes from `start` up to `stop`, or the end, in bounded pieces.

        Raises:
            Unreadable: they cannot be read.
        """
        end = self.size_bytes if stop is None else stop
        try:
            async with aclosing(self.source.read([(self.offset + start, end - start)])) as pieces:
                async for piece in pieces:
                    yield piece
        except StoreError as error:
            raise Unreadable(str(error.fault)) from error


class BulkReader:
    """Reads values out of a store; `retriever` gives out what of them was corrected."""

    def __init__(self, store: BlobStore, retriever: ReadsCorrected) -> None:
        self._store = store
        self._retriever = retriever

    async def find(self, instance: Retrievable, path: Path, tag: Tag) -> Value | None:
        """The value of an element, `path` the items it stands in; None if there is none.

        Neither is one for a sequence, nor for Pixel Data in fragments, which has frames, nor for
        another element that is empty, as one is of which the value was corrected away.

        Raises:
            Unreadable: no copy can be read.
        """
        why = "no copy"
        outermost = path[0][0] if path else tag
        for copy in instance.copies:
            try:
                source, outline = await self._open(instance, copy, outermost)
                return await _find(source, outline, path, tag)
            except (StoreError, DicomError, Unreadable) as error:
                why = str(error.fault) if isinstance(error, StoreError) else str(error)
        raise Unreadable(why)

    async def _open(
        self, instance: Retrievable, copy: Copy, outermost: Tag
    ) -> tuple[Source, Outline]:
        """The data set of a copy: corrected only where this element of it is another one then."""
        if may_change(outermost, instance.corrections):
            return await read_corrected(self._retriever, replace(instance, copies=(copy,)))
        source = await open_source(self._store, copy)
        return source, await read_outline(source)


async def _find(source: Source, outline: Outline, path: Path, tag: Tag) -> Value | None:
    if path:
        return await _within(source, outline, path, tag)
    if tag in PIXELS:
        return await _pixels(source, outline, tag)
    header = outline.header
    passed = next((each for each in header.passed if each.tag == tag), None)
    if passed is not None:
        return await _turned(source, passed, header.layout)
    if tag in header.elements:
        return await _parsed(header.raw, outline, (), tag)
    return await _parsed(outline.tables + outline.tail, outline, (), tag)


async def _pixels(source: Source, outline: Outline, tag: Tag) -> Value | None:
    place = outline.pixels
    if place is None or place.tag != tag or place.length == UNDEFINED_LENGTH:
        return None
    return await _turned(source, place, outline.header.layout)


async def _turned(source: Source, place: PassedValue, layout: Layout) -> Value:
    """A value where it lies, or a copy of it in little endian."""
    unit = unit_bytes(place.vr) if layout is EXPLICIT_BIG else 1
    if unit == 1:
        return Value(source, place.offset, place.length)
    turned = await anyio.to_thread.run_sync(swap, await _held(source, place), unit)
    return Value(MemorySource(turned, source.syntax), 0, len(turned))


async def _held(source: Source, place: PassedValue) -> bytes:
    if place.length > MAX_HELD_BYTES:
        raise Unreadable(f"its value has more than {MAX_HELD_BYTES} bytes")
    return await read_whole(source, place.offset, place.length)


async def _within(source: Source, outline: Outline, path: Path, tag: Tag) -> Value | None:
    """A value in an item: the outermost sequence is read whole."""
    header = outline.header
    outermost = path[0][0]
    passed = next((each for each in header.passed if each.tag == outermost), None)
    if passed is None:
        is_before = outermost in header.elements
        data = header.raw if is_before else outline.tables + outline.tail
        return await _parsed(data, outline, path, tag)
    value = await _held(source, passed)
    head = encode_header(header.layout, passed.tag, passed.vr or VR.SQ, len(value))
    return await _parsed(head + value, outline, path, tag)


async def _parsed(data: bytes, outline: Outline, path: Path, tag: Tag) -> Value | None:
    """A value of a data set, or part of one, in memory."""
    layout = outline.header.layout
    raw = await anyio.to_thread.run_sync(_value, data, layout, path, tag)
    return None if raw is None else Value(MemorySource(raw, header_syntax(layout)), 0, len(raw))


def _value(data: bytes, layout: Layout, path: Path, tag: Tag) -> bytes | None:
    syntax = header_syntax(layout)
    found = read_data_set(data, syntax, is_layout_certain=True, keeps_empty_items=True)
    for sequence, number in path:
        items = found.items(sequence)
        if number >= len(items):
            return None
        found = items[number]
    if tag not in found or found.vr(tag) == VR.SQ:
        return None
    raw = found.raw(tag)
    if not raw:
        return None
    return raw if found.is_little_endian else swap(raw, unit_bytes(found.vr(tag)))
