"""Metadata made of stored objects: all attributes in the DICOM JSON Model, without bulk data.

PS3.18 section 10.4.1.1.4. As they would leave, with what was corrected of them. Where frames lie is
told by the same look at what is stored.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import anyio.to_thread

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore, ByteRange, Location, reads_together
from pacsd.archive.outlines import (
    FIRST_BYTES,
    MemorySource,
    Source,
    StoredSource,
    inflated,
    open_source,
    read_outline,
    read_whole,
)
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Unreadable
from pacsd.dicom.charset import CharacterSet, character_set
from pacsd.dicom.data_set import SPECIFIC_CHARACTER_SET
from pacsd.dicom.errors import DicomError
from pacsd.dicom.frame_table import frame_table
from pacsd.dicom.frame_table_codec import PlacedFrames, encode_frames
from pacsd.dicom.header_stream import PassedValue, known_syntax
from pacsd.dicom.headers import UNDEFINED_LENGTH
from pacsd.dicom.json_writer import JsonWriter
from pacsd.dicom.outline import Outline, OutlineStream
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR

MAX_HELD_BYTES = 64 * 1024 * 1024
"""Of one instance, its sequences above all."""

REST_BYTES = 4 * 1024
"""What most have behind Pixel Data is padding."""

TOGETHER = 64
"""So many instances are read, and written, at once."""

MAX_TOGETHER_BYTES = 16 * 1024 * 1024
"""And so much of them, beside the first."""


@dataclass(frozen=True, slots=True)
class Made:
    """Made of an instance: a JSON object without the base of bulk data (see `with_base`), frames.

    `frames` say where those lie in the stored data set (see `decode_frames`). They are empty where
    there are none, where nobody can tell, and where the pixels do not lie there as they are: of
    what is deflated, and, as it was looked at corrected, of what was corrected.
    """

    metadata: bytes
    frames: bytes = b""


class ReadsCorrected(Protocol):
    """Who gives out data sets as they were corrected; see `Retriever`."""

    def read(self, instance: Retrievable) -> AsyncGenerator[bytes, None]:
        """The data set, in bounded pieces."""


class MetadataMaker:
    """Makes metadata of a store's instances.

    What was written once is remembered, so that the instances of a series cost little.
    """

    def __init__(self, store: BlobStore, retriever: ReadsCorrected) -> None:
        self._store = store
        self._retriever = retriever
        self._writer = JsonWriter()
        self._one_at_a_time = anyio.CapacityLimiter(1)

    async def made(self, instances: Sequence[Retrievable]) -> list[Made]:
        """What is to be known of each, in their order.

        Of at most `TOGETHER` instances; where they say much, only of the first ones.

        Raises:
            Unreadable: one of them cannot be read.
        """
        outlines = self._first_ones(await self._outlines(instances))
        longs = [await self._long_values(source, outline) for source, outline in outlines]
        some = instances[: len(outlines)]
        work = [(each, *read, long) for each, read, long in zip(some, outlines, longs, strict=True)]
        try:
            return await anyio.to_thread.run_sync(self._written, work, limiter=self._one_at_a_time)
        except DicomError as error:
            raise Unreadable(str(error)) from error

    def _first_ones(
        self, outlines: Sequence[tuple[Source, Outline]]
    ) -> Sequence[tuple[Source, Outline]]:
        left_bytes = MAX_TOGETHER_BYTES
        for count, (_, outline) in enumerate(outlines):
            passed = outline.header.passed
            left_bytes -= len(outline.header.raw)
            left_bytes -= sum(each.length for each in passed if not self._is_bulk(each))
            if left_bytes < 0:
                return outlines[: count or 1]
        return outlines

    def _is_bulk(self, each: PassedValue) -> bool:
        return self._writer.is_bulk(each.tag, each.vr, each.length)

    async def _outlines(self, page: Sequence[Retrievable]) -> list[tuple[Source, Outline]]:
        """What is where in each; most are told from a few bytes, those of all read at once."""
        told = await self._from_few_bytes(page)
        return [
            (StoredSource(self._store, each.copies[0]), outline)
            if outline is not None
            else await self._outline(each)
            for each, outline in zip(page, told, strict=True)
        ]

    async def _from_few_bytes(self, page: Sequence[Retrievable]) -> list[Outline | None]:
        """The outlines for which their beginnings, and what stands behind pixels, are enough."""
        if not reads_together(self._store):
            return [None] * len(page)
        streams = [_stream(each) for each in page]
        for wanted_bytes in (FIRST_BYTES, REST_BYTES):
            open_ = [
                (each, stream)
                for each, stream in zip(page, streams, strict=True)
                if stream is not None and not _is_read(each, stream)
            ]
            wanted = [_next(each, stream, wanted_bytes) for each, stream in open_]
            pieces = await self._store.read_together(wanted)
            await anyio.to_thread.run_sync(_feed, open_, pieces)
        return [
            _ended(stream) if stream is not None and _is_read(each, stream) else None
            for each, stream in zip(page, streams, strict=True)
        ]

    async def _outline(self, instance: Retrievable) -> tuple[Source, Outline]:
        """From whichever copy can be read."""
        why = "no copy"
        try:
            if instance.is_corrected:
                return await self._corrected(instance)
        except (OSError, DicomError) as error:
            raise Unreadable(str(error)) from error
        for copy in instance.copies:
            try:
                source = await open_source(self._store, copy)
                return source, await read_outline(source)
            except (StoreError, DicomError) as error:
                why = str(error.fault) if isinstance(error, StoreError) else str(error)
        raise Unreadable(why)

    async def _corrected(self, instance: Retrievable) -> tuple[Source, Outline]:
        """Of a corrected one, whose bytes lie nowhere, the header is held."""
        syntax = known_syntax(instance.transfer_syntax_uid)
        stream, held = OutlineStream(syntax), bytearray()
        async with aclosing(self._retriever.read(instance)) as pieces:
            async for piece in pieces:
                if syntax.is_deflated or not stream.has_header:
                    held += piece
                if len(held) > MAX_HELD_BYTES:
                    raise Unreadable(f"its header is longer than {MAX_HELD_BYTES} bytes")
                if not syntax.is_deflated:
                    stream.feed(piece)
        if syntax.is_deflated:
            source = await inflated(bytes(held))
            return source, await read_outline(source)
        stream.end()
        return MemorySource(bytes(held), syntax), stream.outline()

    async def _long_values(self, source: Source, outline: Outline) -> dict[Tag, bytes]:
        """What is needed of values that were passed over: sequences, and text that is no bulk."""
        long: dict[Tag, bytes] = {}
        left_bytes = MAX_HELD_BYTES
        for each in outline.header.passed:
            if self._is_bulk(each):
                continue
            left_bytes -= each.length
            if left_bytes < 0:
                raise Unreadable(f"its sequences are longer than {MAX_HELD_BYTES} bytes")
            try:
                long[each.tag] = await read_whole(source, each.offset, each.length)
            except StoreError as error:
                raise Unreadable(str(error.fault)) from error
        return long

    def _written(
        self, work: Sequence[tuple[Retrievable, Source, Outline, dict[Tag, bytes]]]
    ) -> list[Made]:
        return [
            Made(
                self._writer.without_base(self._members(outline, long)),
                _frames(instance, source, outline),
            )
            for instance, source, outline, long in work
        ]

    def _members(self, outline: Outline, long: dict[Tag, bytes]) -> dict[Tag, bytes]:
        header, writer = outline.header, self._writer
        charset = character_set(header.value(SPECIFIC_CHARACTER_SET) or b"")
        members = writer.header_members(header)
        for each in header.passed:
            members[each.tag] = self._passed(each, long, outline, charset)
        if outline.tables:
            members |= writer.members(outline.tables, header.layout, charset)
        if outline.pixels is not None:
            members[outline.pixels.tag] = self._pixels(outline.pixels, outline, charset)
        if outline.tail:
            members |= writer.members(outline.tail, header.layout, charset)
        return members

    def _pixels(self, place: PassedValue, outline: Outline, charset: CharacterSet) -> bytes:
        writer = self._writer
        if not place.length:
            return writer.value_member(place.tag, place.vr, b"", outline.header.layout, charset)
        # In fragments it is OB (PS3.5 section A.4), in what has no VRs, too.
        is_in_fragments = place.vr is None and place.length == UNDEFINED_LENGTH
        return writer.bulk_member(place.tag, VR.OB if is_in_fragments else place.vr)

    def _passed(
        self, each: PassedValue, long: dict[Tag, bytes], outline: Outline, charset: CharacterSet
    ) -> bytes:
        value = long.get(each.tag)
        if value is None:
            return self._writer.bulk_member(each.tag, each.vr)
        return self._writer.value_member(each.tag, each.vr, value, outline.header.layout, charset)


def _frames(instance: Retrievable, source: Source, outline: Outline) -> bytes:
    """Where the frames lie in the store, if they do; a damaged copy may say what is not so."""
    if not isinstance(source, StoredSource) or not instance.is_sound(source.copy):
        return b""
    try:
        table = frame_table(outline)
    except DicomError:
        return b""
    if table is None or outline.pixels is None:
        return b""
    return encode_frames(PlacedFrames(outline.pixels, table))


def _stream(instance: Retrievable) -> OutlineStream | None:
    """Reads the outline of one, if that can be told from its bytes as they are stored."""
    syntax = known_syntax(instance.transfer_syntax_uid)
    return None if instance.is_corrected or syntax.is_deflated else OutlineStream(syntax)


def _is_read(instance: Retrievable, stream: OutlineStream) -> bool:
    return stream.is_over or stream.offset >= instance.data_set_bytes


def _next(instance: Retrievable, stream: OutlineStream, most: int) -> tuple[Location, ByteRange]:
    copy = instance.copies[0]
    start = copy.location.size_bytes - copy.data_set_bytes
    length = min(most, copy.data_set_bytes - stream.offset)
    return copy.location, ByteRange(start + stream.offset, length)


def _feed(
    streams: Sequence[tuple[Retrievable, OutlineStream]], pieces: Sequence[bytes | StoreError]
) -> None:
    for (instance, stream), piece in zip(streams, pieces, strict=True):
        if isinstance(piece, bytes):
            stream.feed(piece)
            stream.skip(min(stream.skippable_bytes, instance.data_set_bytes - stream.offset))


def _ended(stream: OutlineStream) -> Outline:
    stream.end()
    return stream.outline()
