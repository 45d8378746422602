"""Metadata and frame tables, made once and kept beside the index until their instance is purged.

An entry says of what it was made and what it must sum up to, so that one of an instance that was
corrected meanwhile, or was read wrong, is none:

    key (8 bytes), CRC-32 of what follows, length of the frame table (4 bytes each, little endian),
    JSON object, frame table

The JSON object stands first: entries of a series are compressed by the beginning of one of them.
"""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from itertools import islice
from struct import Struct
from typing import Protocol, TypeAlias

import anyio

from pacsd.archive.metadata_maker import TOGETHER, Made
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.plain_corrector import NewValue
from pacsd.index.errors import IndexFault
from pacsd.index.recent import Recent
from pacsd.index.session import NewHeader

FORMAT = 2
"""How metadata and frame tables are written. Raised with every change of what is written of an
object: what was kept before is made again then."""

Content: TypeAlias = tuple[bytes, tuple[NewValue, ...]]
"""All that the metadata of an instance depends on: its data set's digest, and its corrections."""

MAX_OBJECT_BYTES = 256 * 1024
"""A longer object is not kept, but made for each who asks. A frame table is left out where both
together would be longer."""

MAX_WAITING_BYTES = 16 * 1024 * 1024
"""Of what waits to be kept."""

MAX_TABLES = 65_536
MAX_TABLE_BYTES = 256
"""So many frame tables of those whose metadata was asked for are remembered, if they are as short:
who reads the metadata of a series reads its frames next. Most take 39 bytes."""

_KEY_BYTES = 8
_HEAD = Struct(f"<{_KEY_BYTES}sII")


class KeepsBesideIndex(Protocol):
    """The index, as far as it keeps what can be made again; see `Index`."""

    async def metadata(self, instances: Sequence[int]) -> Mapping[int, bytes]:
        """What is kept of instances."""

    async def put_metadata(self, metadata: Sequence[NewHeader]) -> None:
        """Keep what was made of instances."""


class KeptMetadata:
    """Keeps what was made. What cannot be had, or kept, is made again: no fault of it is raised."""

    def __init__(self, index: KeepsBesideIndex) -> None:
        self._index = index
        self._tables: Recent[Content, bytes] = Recent(MAX_TABLES)
        self._waiting: dict[int, NewHeader] = {}
        self._waiting_bytes = 0
        self._is_waiting = anyio.Event()

    async def find(self, instances: Sequence[Retrievable]) -> Mapping[Content, bytes]:
        """The metadata that is kept of these."""
        found = await self._find(instances)
        self._remember(found)
        return {content: made.metadata for content, made in found.items()}

    async def frames(self, instance: Retrievable) -> bytes | None:
        """Where the frames of an instance lie, as it is stored, if that is kept (see `Made`)."""
        if instance.is_corrected:
            return None
        content = content_of(instance)
        remembered = self._tables.get(content)
        if remembered is not None:
            return remembered
        made = (await self._find([instance])).get(content)
        return made.frames or None if made is not None else None

    async def keep(self, instances: Sequence[Retrievable], made: Sequence[Made]) -> None:
        """Keep what was made of these."""
        await self._put(_entries(instances, made))

    def keep_later(self, instances: Sequence[Retrievable], made: Sequence[Made]) -> None:
        """Keep it when `run` comes to it: whoever asks for metadata need not wait for the writer.

        Of what is too much for it the oldest is not kept.
        """
        self._remember(dict(zip(map(content_of, instances), made, strict=True)))
        for each in _entries(instances, made):
            self._forget(each.instance)
            self._waiting[each.instance] = each
            self._waiting_bytes += len(each.header)
        while self._waiting_bytes > MAX_WAITING_BYTES:
            self._forget(next(iter(self._waiting)))
        self._is_waiting.set()

    async def run(self) -> None:
        """Keep what `keep_later` was told, until cancelled."""
        while True:
            await self._is_waiting.wait()
            self._is_waiting = anyio.Event()
            while self._waiting:
                some = list(islice(self._waiting.values(), TOGETHER))
                for each in some:
                    self._forget(each.instance)
                await self._put(some)

    async def _find(self, instances: Sequence[Retrievable]) -> dict[Content, Made]:
        try:
            entries = await self._index.metadata([each.number for each in instances])
        except IndexFault:
            return {}
        found = {}
        for each in instances:
            content = content_of(each)
            made = _made(entries.get(each.number, b""), content)
            if made is not None:
                found[content] = made
        return found

    def _remember(self, found: Mapping[Content, Made]) -> None:
        for content, made in found.items():
            if 0 < len(made.frames) <= MAX_TABLE_BYTES:
                self._tables.put(content, made.frames)

    def _forget(self, instance: int) -> None:
        gone = self._waiting.pop(instance, None)
        self._waiting_bytes -= len(gone.header) if gone is not None else 0

    async def _put(self, entries: Sequence[NewHeader]) -> None:
        try:
            await self._index.put_metadata(entries)
        except IndexFault:
            return


def content_of(instance: Retrievable) -> Content:
    """What its metadata is made of; any copy has the same data set."""
    return instance.copies[0].sha256, instance.corrections


def _entries(instances: Sequence[Retrievable], made: Sequence[Made]) -> list[NewHeader]:
    return [
        NewHeader(each.number, each.series, _entry(content_of(each), its))
        for each, its in zip(instances, made, strict=True)
        if len(its.metadata) <= MAX_OBJECT_BYTES
    ]


def _entry(content: Content, made: Made) -> bytes:
    is_short = len(made.metadata) + len(made.frames) <= MAX_OBJECT_BYTES
    frames = made.frames if is_short else b""
    body = made.metadata + frames
    return _HEAD.pack(_key(content), _sum(body, len(frames)), len(frames)) + body


def _made(entry: bytes, content: Content) -> Made | None:
    if len(entry) < _HEAD.size:
        return None
    key, crc, frames_bytes = _HEAD.unpack_from(entry)
    body = entry[_HEAD.size :]
    split = len(body) - frames_bytes
    if key != _key(content) or split < 0 or crc != _sum(body, frames_bytes):
        return None
    return Made(body[:split], body[split:])


def _sum(body: bytes, frames_bytes: int) -> int:
    """A CRC-32 that goes on from a number is another one for each number."""
    return zlib.crc32(body, frames_bytes)


def _key(content: Content) -> bytes:
    sha256, corrections = content
    said = b"%d" % FORMAT + sha256 + (repr(corrections).encode() if corrections else b"")
    return hashlib.blake2b(said, digest_size=_KEY_BYTES).digest()
