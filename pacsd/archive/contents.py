"""What is in a stored data set, element by element, as people compare it.

It is read in its canonical form (`pacsd.dicom.canonical`), in Explicit VR Little Endian: whatever
writers are free to choose is gone. Short values are kept, long ones and bulk data as length and
digests: an object of any size takes bounded memory. What takes time happens in worker threads.
"""

import hashlib
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

import anyio.to_thread

from pacsd.api.store import BlobStore, ByteRange, Location
from pacsd.dicom.canonical import CanonicalForm
from pacsd.dicom.charset import DEFAULT_CHARACTER_SET, CharacterSet, character_set
from pacsd.dicom.errors import DicomError, ScanError
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.header_writer import encode_header, encode_item_header
from pacsd.dicom.headers import (
    EXPLICIT_LITTLE,
    ITEM,
    SEQUENCE_DELIMITATION,
    UNDEFINED_LENGTH,
    Buffer,
    Header,
    read_header,
)
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, TransferSyntax
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.values import read_values
from pacsd.dicom.vr import VR
from pacsd.dicom.walk import MAX_DEPTH, Path

MAX_ELEMENTS = 100_000
"""Of one data set, items counted too; one with more of them is told of as far as it goes."""

MAX_KEPT_BYTES = 4 * 1024 * 1024
"""Of the values of one data set; of those that come when it is used up, there are digests."""

LONGEST_KEPT_BYTES = 64 * 1024
"""Longer ones are kept only where they may be sequences, in half of the room at most."""

SPECIFIC_CHARACTER_SET: Tag = 0x00080005

_BULK_VRS = frozenset({VR.OB, VR.OD, VR.OF, VR.OL, VR.OV, VR.OW})
_ITEM_BYTES = encode_item_header(EXPLICIT_LITTLE, ITEM, 0)[:4]
_DELIMITER = encode_item_header(EXPLICIT_LITTLE, SEQUENCE_DELIMITATION, 0)
_SLICE_BYTES = 4096
"""What is read at once outside long values."""
_DIGITS_SHOWN = 16

Place = tuple[Path, Tag]
"""Of an element: the items it stands in, and its tag.

One that stands there for the second time is in "item" -1 of itself, and so on.
"""


class DataSetFile(Protocol):
    """A file whose last `data_set_bytes` bytes are a data set."""

    @property
    def location(self) -> Location:
        """Where it lies."""

    @property
    def data_set_bytes(self) -> int:
        """How long the data set is."""


class Digests(NamedTuple):
    """Of a value: SHA-256 of all of it, of all but its last byte, and this byte."""

    whole: bytes
    start: bytes
    last: bytes


@dataclass(frozen=True, slots=True)
class Value:
    """A value, its numbers in Little Endian: its bytes, or digests of them, or items.

    `vr` is UN where it came so; where it came without one, as PS3.6 has it, or UN.
    """

    vr: str
    length: int
    raw: bytes | None
    long: Digests | None = None
    charset: CharacterSet = DEFAULT_CHARACTER_SET
    items: int | None = None

    @property
    def is_sequence(self) -> bool:
        """Whether it was read as one: what is in its items has places of its own."""
        return self.items is not None

    @property
    def digests(self) -> Digests:
        """Those of its bytes."""
        if self.long is not None:
            return self.long
        raw = self.raw or b""
        whole, start = (hashlib.sha256(each).digest() for each in (raw, raw[:-1]))
        return Digests(whole, start, raw[-1:])

    def shown(self, vr: str) -> str:
        """As text, as a value of this VR."""
        if self.items is not None:
            return f"sequence of {self.items} item{'s' * (self.items != 1)}"
        if self.raw is None:
            return self.described if self.length else ""
        return "\\".join(
            self.described if isinstance(each, bytes) else _text(each, vr)
            for each in read_values(self.raw, vr, self.charset)
        )

    @property
    def described(self) -> str:
        """Its bytes, as they are told of."""
        return f"{self.length} bytes, sha256 {self.digests.whole.hex()[:_DIGITS_SHOWN]}..."


def _text(value: str | float, vr: str) -> str:
    return format_tag(value) if vr == VR.AT and isinstance(value, int) else f"{value}"


@dataclass(slots=True)
class Contents:
    """The elements' values, by place; `fault` says what could not be read, or is ''.

    `has_vrs`: whether their writer had to say what VR they have.
    """

    has_vrs: bool = True
    values: dict[Place, Value] = field(default_factory=dict)
    fault: str = ""


async def read_contents(store: BlobStore, file: DataSetFile, transfer_syntax_uid: str) -> Contents:
    """Read a data set from its store.

    Raises:
        StoreError: it cannot be read.
    """
    syntax = known_syntax(transfer_syntax_uid)
    contents = Contents(has_vrs=not syntax.is_implicit_vr)
    reader = _Reader(contents.values, max_elements=MAX_ELEMENTS)
    # Some files hold fragments though their Transfer Syntax knows none: they are looked at, too.
    reading = _Reading(replace(syntax, is_encapsulated=True), reader)
    start = file.location.size_bytes - file.data_set_bytes
    parts = [ByteRange(start, file.data_set_bytes)]
    try:
        async with aclosing(store.read(file.location, parts)) as pieces:
            async for piece in pieces:
                await anyio.to_thread.run_sync(reading.feed, piece)
        reading.finish()
    except DicomError as error:
        # What a `Rewriter` says behind it is for those who want the data set written.
        contents.fault = str(error).partition(": cut short")[0]
    return contents


def read_as_sequence(place: Place, value: Value, max_elements: int) -> Mapping[Place, Value] | None:
    """A value of unknown VR and what is in its items, where it is a sequence; else None. Blocks.

    It is written as PS3.5 section 6.2.2 has it, or with VRs, as some do.
    """
    path, tag = place
    raw = value.raw
    if raw is None or len(path) >= MAX_DEPTH or (raw and not raw.startswith(_ITEM_BYTES)):
        return None
    found: dict[Place, Value] = {}
    reader = _Reader(found, path, value.charset, max_elements=max_elements)
    reading = _Reading(known_syntax(EXPLICIT_VR_LITTLE_ENDIAN), reader)
    try:
        begin = encode_header(EXPLICIT_LITTLE, tag, VR.UN, UNDEFINED_LENGTH)
        reading.feed(begin + raw + _DELIMITER)
        reading.finish()
    except DicomError:
        return None
    if not all(_is_within(each, place) for each in found):
        return None
    return {**found, place: replace(found[place], vr=value.vr)}


def _is_within(found: Place, sequence: Place) -> bool:
    """Whether it is this sequence, or in one of its items, not what stands behind it."""
    path, tag = sequence
    inner = found[0][len(path) :]
    return inner[0][0] == tag and inner[0][1] >= 0 if inner else found == sequence


class _Reading:
    """A data set on its way through its canonical form."""

    def __init__(self, syntax: TransferSyntax, reader: "_Reader") -> None:
        self._form = CanonicalForm(syntax, EXPLICIT_LITTLE)
        self._reader = reader

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Blocks."""
        view = memoryview(data)
        while view:
            size = max(_SLICE_BYTES, self._reader.left_bytes)
            for piece in self._form.feed(view[:size]):
                self._reader.feed(piece)
            view = view[size:]

    def finish(self) -> None:
        """Nothing more comes."""
        self._reader.finish()
        self._form.finish()


class _Part:
    """A value on its way: `left` bytes are still to come, or more, if it is in fragments."""

    __slots__ = ("_charset", "_digest", "_kept", "_last", "_vr", "left", "length", "place")

    def __init__(
        self, place: Place, vr: str, charset: CharacterSet, left: int, *, is_kept: bool
    ) -> None:
        self.place = place
        self.left = left
        self.length = 0
        self._vr = vr
        self._charset = charset
        self._kept = bytearray() if is_kept else None
        self._digest = hashlib.sha256()
        self._last = b""

    def take(self, data: memoryview) -> None:
        self.left -= len(data)
        self.length += len(data)
        if self._kept is not None:
            self._kept += data
        elif data:
            self._digest.update(self._last)
            self._digest.update(data[:-1])
            self._last = bytes(data[-1:])

    def result(self) -> Value:
        """The value; a long one is kept only if it may be a sequence."""
        kept = self._kept
        if kept is not None:
            if len(kept) <= LONGEST_KEPT_BYTES or kept.startswith(_ITEM_BYTES):
                return Value(self._vr, self.length, bytes(kept), None, self._charset)
            self._kept, self.length = None, 0
            self.take(memoryview(kept))
        start = self._digest.digest()
        self._digest.update(self._last)
        digests = Digests(self._digest.digest(), start, self._last)
        return Value(self._vr, self.length, None, digests, self._charset)


@dataclass(slots=True)
class _Open:
    """A data set or item (`sequence` is None), or a sequence, whose end is still to come."""

    path: Path
    charset: CharacterSet
    sequence: Place | None = None
    items: int = 0


class _Reader:
    """Reads a canonical form: every sequence has undefined length there, and a delimiter."""

    def __init__(
        self,
        values: dict[Place, Value],
        path: Path = (),
        charset: CharacterSet = DEFAULT_CHARACTER_SET,
        *,
        max_elements: int,
    ) -> None:
        self._values = values
        self._stack = [_Open(path, charset)]
        self._max_elements = max_elements
        self._elements_left = max_elements
        self._kept_left = MAX_KEPT_BYTES
        self._repeated: dict[Place, int] = {}
        self._rest = b""
        self._part: _Part | None = None
        self._fragments: _Part | None = None

    @property
    def left_bytes(self) -> int:
        """How many bytes of a value are still to come."""
        return 0 if self._part is None else self._part.left

    def feed(self, data: Buffer) -> None:
        """Take the next bytes.

        Raises:
            ScanError: there are more elements and items than are looked at.
        """
        view = memoryview(self._rest + bytes(data) if self._rest else data)
        self._rest = b""
        while view:
            if self._part is None:
                header = read_header(view, 0, EXPLICIT_LITTLE, len(view))
                if header is None:
                    self._rest = bytes(view)
                    return
                self._begin(header, view[: header.start])
                view = view[header.start :]
            if self._part is not None:
                own = view[: self._part.left]
                self._part.take(own)
                view = view[len(own) :]
                self._end_part()

    def finish(self) -> None:
        """Nothing more comes; a value that is not whole is what came of it."""
        part = self._fragments or self._part
        if part is not None:
            self._add(part)

    def _begin(self, header: Header, written: memoryview) -> None:
        if self._fragments is not None:
            self._begin_fragment(self._fragments, header, written)
        elif header.tag == ITEM:
            self._open_item()
        elif header.vr is None:
            self._stack.pop()
        else:
            self._begin_element(header.tag, header.vr, header.length)

    def _begin_element(self, tag: Tag, vr: str, length: int) -> None:
        self._count()
        top = self._stack[-1]
        place = self._place(top.path, tag)
        if vr == VR.SQ:
            self._values[place] = Value(vr, 0, None, charset=top.charset, items=0)
            self._stack.append(_Open(place[0], top.charset, place))
            return
        is_whole = length != UNDEFINED_LENGTH
        is_kept = is_whole and self._is_kept(vr, length)
        part = _Part(place, vr, top.charset, length if is_whole else 0, is_kept=is_kept)
        self._part, self._fragments = (part, None) if is_whole else (None, part)

    def _place(self, path: Path, tag: Tag) -> Place:
        place = path, tag
        if place not in self._values:
            return place
        times = self._repeated[place] = self._repeated.get(place, 0) + 1
        return (*path, (tag, -times)), tag

    def _is_kept(self, vr: str, length: int) -> bool:
        if length <= LONGEST_KEPT_BYTES:
            return vr not in _BULK_VRS and length <= self._kept_left
        return vr == VR.UN and length <= self._kept_left - MAX_KEPT_BYTES // 2

    def _open_item(self) -> None:
        self._count()
        top = self._stack[-1]
        if top.sequence is None:
            raise AssertionError("an item outside a sequence in a canonical form")
        path = (*top.path, (top.sequence[1], top.items))
        top.items += 1
        self._values[top.sequence] = replace(self._values[top.sequence], items=top.items)
        self._stack.append(_Open(path, top.charset))

    def _begin_fragment(self, fragments: _Part, header: Header, written: memoryview) -> None:
        fragments.take(written)
        fragments.left = header.length
        self._part = fragments
        if header.tag != ITEM:
            self._part = self._fragments = None
            self._add(fragments)

    def _end_part(self) -> None:
        part = self._part
        if part is None or part.left:
            return
        self._part = None
        if part is not self._fragments:
            self._add(part)

    def _add(self, part: _Part) -> None:
        value = part.result()
        self._kept_left -= len(value.raw or b"")
        self._values[part.place] = value
        if part.place[1] == SPECIFIC_CHARACTER_SET:
            self._stack[-1].charset = character_set(value.raw or b"")

    def _count(self) -> None:
        self._elements_left -= 1
        if self._elements_left < 0:
            raise ScanError(f"more than {self._max_elements} elements and items (our bound)")
