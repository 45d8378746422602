"""What is in a stored data set, element by element, as people compare it.

Short values are kept as text, long ones and bulk data as length and digest: an object of any size
takes bounded memory. What takes time happens in worker threads.
"""

import hashlib
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

import anyio.to_thread

from pacsd.api.store import BlobStore, ByteRange, Location
from pacsd.dicom.charset import character_set
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.errors import DicomError
from pacsd.dicom.header_stream import DataSetHeader, HeaderStream, known_syntax
from pacsd.dicom.headers import EXPLICIT_BIG, UNDEFINED_LENGTH, Buffer, Element, Layout, read_header
from pacsd.dicom.inflate import Inflater
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag
from pacsd.dicom.values import read_values
from pacsd.dicom.vr import VR
from pacsd.dicom.walk import Path, walk

MAX_HEADER_BYTES = 4 * 1024 * 1024
MAX_ELEMENTS = 100_000
"""Of one data set; one with more of them, or a longer header, is told of as far as it goes."""

SPECIFIC_CHARACTER_SET: Tag = 0x00080005

_LONGEST_HEADER_BYTES = 12
_DIGITS_SHOWN = 16

Place = tuple[Path, Tag]
"""Of an element: the items it stands in, and its tag."""


class DataSetFile(Protocol):
    """A file whose last `data_set_bytes` bytes are a data set."""

    @property
    def location(self) -> Location:
        """Where it lies."""

    @property
    def data_set_bytes(self) -> int:
        """How long the data set is."""


@dataclass(slots=True)
class Contents:
    """The elements' values as text, by place; `fault` says what could not be read, or is ''."""

    values: dict[Place, str] = field(default_factory=dict)
    fault: str = ""


async def read_contents(store: BlobStore, file: DataSetFile, transfer_syntax_uid: str) -> Contents:
    """Read a data set from its store, twice.

    Raises:
        StoreError: it cannot be read.
    """
    syntax = known_syntax(transfer_syntax_uid)
    contents = Contents()
    try:
        header = await _header(store, file, syntax)
        contents.fault = header.fault
        await anyio.to_thread.run_sync(_add_short, contents, header, syntax)
        long_values = _LongValues(header)
        await _stream(store, file, syntax, long_values.feed)
        contents.values |= long_values.finish()
    except DicomError as error:
        contents.fault = str(error)
    return contents


async def _header(store: BlobStore, file: DataSetFile, syntax: TransferSyntax) -> DataSetHeader:
    stream = HeaderStream(syntax, MAX_HEADER_BYTES)
    async with aclosing(_pieces(store, file)) as pieces:
        async for piece in pieces:
            await anyio.to_thread.run_sync(stream.feed, piece)
            if stream.is_over:
                break
    stream.end()
    return stream.header()


async def _stream(
    store: BlobStore,
    file: DataSetFile,
    syntax: TransferSyntax,
    take: Callable[[Buffer], None],
) -> None:
    """Hand on every byte of the data set, inflated."""
    inflater = Inflater() if syntax.is_deflated else None

    def inflated(piece: bytes) -> None:
        take(piece if inflater is None else inflater.inflate(piece))

    async with aclosing(_pieces(store, file)) as pieces:
        async for piece in pieces:
            await anyio.to_thread.run_sync(inflated, piece)


def _pieces(store: BlobStore, file: DataSetFile) -> AsyncGenerator[bytes, None]:
    start = file.location.size_bytes - file.data_set_bytes
    return store.read(file.location, [ByteRange(start, file.data_set_bytes)])


def _add_short(contents: Contents, header: DataSetHeader, syntax: TransferSyntax) -> None:
    """Add what the header holds; blocks."""
    charset = character_set(header.value(SPECIFIC_CHARACTER_SET) or b"")
    is_little_endian = header.layout is not EXPLICIT_BIG
    for path, element in walk(header.raw, syntax, max_headers=MAX_ELEMENTS):
        vr = _vr(element)
        if vr == VR.SQ or element.length == UNDEFINED_LENGTH:
            contents.values[path, element.tag] = "sequence"
            continue
        raw = header.raw[element.offset : element.offset + element.length]
        values = read_values(raw, vr, charset, is_little_endian=is_little_endian)
        contents.values[path, element.tag] = "\\".join(map(_text, values))


def _vr(element: Element) -> str:
    """As the object has it; where that is no help, as PS3.6 has it."""
    vr = element.vr
    if vr is None or vr == VR.UN or vr not in _KNOWN:
        return vr_of(element.tag) or VR.UN
    return vr


def _text(value: str | float | bytes) -> str:
    if isinstance(value, bytes):
        return described(len(value), hashlib.sha256(value).hexdigest())
    return value if isinstance(value, str) else f"{value}"


def described(length: int, digest: str) -> str:
    """Bytes, as they are told of."""
    return f"{length} bytes, sha256 {digest[:_DIGITS_SHOWN]}..."


class _Part:
    """A value that is digested as it passes; `left` is None where it goes on to the end."""

    def __init__(self, left: int | None) -> None:
        self.length = 0
        self._left = left
        self._digest = hashlib.sha256()

    def take(self, data: memoryview) -> memoryview:
        """Digest what belongs to it; the rest."""
        own = data if self._left is None else data[: self._left - self.length]
        self._digest.update(own)
        self.length += len(own)
        return data[len(own) :]

    @property
    def is_over(self) -> bool:
        return self.length == self._left

    def __str__(self) -> str:
        return described(self.length, self._digest.hexdigest())


class _LongValues:
    """The values that the header passed over, and the elements behind it: Pixel Data, mostly."""

    def __init__(self, header: DataSetHeader) -> None:
        self._layout: Layout = header.layout
        self._passed = [*header.passed]
        self._bulk_offset = _end_of(header)
        self._offset = 0
        self._waiting = b""
        self._part: tuple[Tag, _Part] | None = None
        self._found: dict[Place, str] = {}

    def feed(self, data: Buffer) -> None:
        """Take more of the data set. Blocks."""
        view = memoryview(data)
        while view:
            before = len(view)
            if self._part is None:
                view = self._begin(view)
            if self._part is not None:
                tag, part = self._part
                view = part.take(view)
                if part.is_over:
                    self._end(tag, part)
            self._offset += before - len(view)

    def finish(self) -> Mapping[Place, str]:
        """What they are."""
        if self._part is not None:
            self._end(*self._part)
        elif self._waiting:
            # An element without a value may be shorter than the longest header.
            self._open(self._waiting)
        return self._found

    def _begin(self, view: memoryview) -> memoryview:
        """Go on to the next value; what is left of the bytes from there on."""
        if not self._passed:
            return self._begin_bulk(view)
        value = self._passed[0]
        skipped = min(value.offset - self._offset, len(view))
        if skipped < len(view):
            self._passed.pop(0)
            self._part = value.tag, _Part(value.length)
        return view[skipped:]

    def _begin_bulk(self, view: memoryview) -> memoryview:
        """Read the header of an element behind the data set's header."""
        view = view[max(self._bulk_offset - self._offset, 0) :]
        wanted = view[: _LONGEST_HEADER_BYTES - len(self._waiting)]
        self._waiting += wanted
        if len(self._waiting) == _LONGEST_HEADER_BYTES:
            self._open(self._waiting)
        return view[len(wanted) :]

    def _open(self, known: bytes) -> None:
        """Begin the element whose header these bytes are, or begin with."""
        header = read_header(known, 0, self._layout, len(known))
        if header is None:
            return
        part = _Part(None if header.length == UNDEFINED_LENGTH else header.length)
        self._part = header.tag, part
        self._waiting = bytes(part.take(memoryview(known)[header.start :]))
        if part.is_over:
            self._end(header.tag, part)

    def _end(self, tag: Tag, part: _Part) -> None:
        self._found[(), tag] = str(part)
        self._part = None


def _end_of(header: DataSetHeader) -> int:
    """Where, in the data set, what follows its header begins; nowhere, if that was not found."""
    if not header.is_whole or not header.segments:
        return sys.maxsize
    raw_start, start = header.segments[-1]
    return start + len(header.raw) - raw_start


_KNOWN = frozenset(VR)
