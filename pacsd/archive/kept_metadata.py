"""Metadata that was made once and is kept beside the index, until its instance is purged.

An entry says of what it was made and what it must sum up to, so that one of an instance that was
corrected meanwhile, or was read wrong, is none:

    key (8 bytes), CRC-32 of the JSON object (4 bytes, little endian), JSON object
"""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from itertools import islice
from struct import Struct
from typing import Protocol, TypeAlias

import anyio

from pacsd.archive.metadata_maker import TOGETHER
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.plain_corrector import NewValue
from pacsd.index.errors import IndexFault
from pacsd.index.session import NewHeader

FORMAT = 1
"""How metadata is written. Raised with every change of what is written of an object: what was
kept before is made again then."""

Content: TypeAlias = tuple[bytes, tuple[NewValue, ...]]
"""All that the metadata of an instance depends on: its data set's digest, and its corrections."""

MAX_OBJECT_BYTES = 256 * 1024
"""A longer object is not kept, but made for each who asks."""

MAX_WAITING_BYTES = 16 * 1024 * 1024
"""Of what waits to be kept."""

_KEY_BYTES = 8
_HEAD = Struct(f"<{_KEY_BYTES}sI")


class KeepsBesideIndex(Protocol):
    """The index, as far as it keeps what can be made again; see `Index`."""

    async def metadata(self, instances: Sequence[int]) -> Mapping[int, bytes]:
        """What is kept of instances."""

    async def put_metadata(self, metadata: Sequence[NewHeader]) -> None:
        """Keep what was made of instances."""


class KeptMetadata:
    """Keeps metadata. What cannot be had, or kept, is made again: no fault of it is raised."""

    def __init__(self, index: KeepsBesideIndex) -> None:
        self._index = index
        self._waiting: dict[int, NewHeader] = {}
        self._waiting_bytes = 0
        self._is_waiting = anyio.Event()

    async def find(self, instances: Sequence[Retrievable]) -> Mapping[Content, bytes]:
        """What is kept of these."""
        try:
            entries = await self._index.metadata([each.number for each in instances])
        except IndexFault:
            return {}
        found = {}
        for each in instances:
            content = content_of(each)
            written = _written(entries.get(each.number, b""), content)
            if written is not None:
                found[content] = written
        return found

    async def keep(self, instances: Sequence[Retrievable], made: Sequence[bytes]) -> None:
        """Keep what was made of these."""
        await self._put(_entries(instances, made))

    def keep_later(self, instances: Sequence[Retrievable], made: Sequence[bytes]) -> None:
        """Keep it when `run` comes to it: whoever asks for metadata need not wait for the writer.

        Of what is too much for it the oldest is not kept.
        """
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


def _entries(instances: Sequence[Retrievable], made: Sequence[bytes]) -> list[NewHeader]:
    return [
        NewHeader(each.number, each.series, _entry(content_of(each), written))
        for each, written in zip(instances, made, strict=True)
        if len(written) <= MAX_OBJECT_BYTES
    ]


def _entry(content: Content, written: bytes) -> bytes:
    return _HEAD.pack(_key(content), zlib.crc32(written)) + written


def _written(entry: bytes, content: Content) -> bytes | None:
    if len(entry) < _HEAD.size:
        return None
    key, crc = _HEAD.unpack_from(entry)
    written = entry[_HEAD.size :]
    return written if key == _key(content) and crc == zlib.crc32(written) else None


def _key(content: Content) -> bytes:
    sha256, corrections = content
    said = b"%d" % FORMAT + sha256 + (repr(corrections).encode() if corrections else b"")
    return hashlib.blake2b(said, digest_size=_KEY_BYTES).digest()
