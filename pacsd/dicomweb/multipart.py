"""A multipart/related payload, read as its bytes arrive (RFC 2046 section 5.1, RFC 2387).

What a stored instance is made of passes through here uncopied: a delimiter is looked for with
`bytes.find`, and of a chunk only what could be the beginning of one waits for the next. Everything
else that a payload might make grow (preamble, headers, the number of parts) has a bound.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from pacsd.dicom.text import printable
from pacsd.dicomweb.errors import BadRequest, TooLarge, UnsupportedMedia
from pacsd.dicomweb.media_types import media_type_of

MAX_BOUNDARY_LENGTH = 128
"""RFC 2046 section 5.1.1 has 70 at most; Orthanc's DICOMweb plugin (1.7, of 2021) writes 73."""
MAX_BYTES_AROUND = 8_192
"""Bytes before the first part or behind the last, which nobody reads (RFC 2046 section 5.1.1)."""
MAX_HEADER_BYTES = 8_192
MAX_HEADERS = 64
MAX_PADDING_BYTES = 64
"""White space between a boundary and the end of its line."""


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part begins; names of its headers are in lower case."""

    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str:
        """The first of this name; "" without one."""
        return next((value for each, value in self.headers if each == name), "")


@dataclass(frozen=True, slots=True)
class PartData:
    """A stretch of the part, never empty; a view of the bytes that were fed."""

    data: memoryview


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part is whole."""


@dataclass(frozen=True, slots=True)
class End:
    """The closing boundary was read: there are no more parts."""


Event: TypeAlias = PartBegin | PartData | PartEnd | End


@dataclass(frozen=True, slots=True)
class Related:
    """What the Content-Type of a multipart/related payload says: of what, and between what."""

    media_type: str
    boundary: str


_BOUNDARY = re.compile(r"[!-~](?:[ -~]*[!-~])?")


def related_of(content_type: str) -> Related:
    """Read the Content-Type of a payload; `media_type` is "" where it says none.

    Raises:
        UnsupportedMedia: it is not multipart/related.
        BadRequest: it has no boundary, or one that RFC 2046 section 5.1.1 forbids.
    """
    media_type = media_type_of(content_type)
    if media_type is None or media_type.essence != "multipart/related":
        raise UnsupportedMedia("Content-Type", content_type, "is not multipart/related")
    boundary = media_type.parameter("boundary")
    if len(boundary) > MAX_BOUNDARY_LENGTH or not _BOUNDARY.fullmatch(boundary):
        rule = f"has no boundary of 1 to {MAX_BOUNDARY_LENGTH} characters (RFC 2046 section 5.1.1)"
        raise BadRequest("Content-Type", content_type, rule)
    return Related(media_type.parameter("type").lower(), boundary)


class _State(Enum):
    PREAMBLE = auto()
    HEADERS = auto()
    BODY = auto()
    EPILOGUE = auto()


class MultipartReader:
    """Bytes in, events out; the same ones however the bytes are divided."""

    def __init__(self, boundary: str, max_parts: int) -> None:
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        self._max_parts = max_parts
        self._parts = 0
        self._state = _State.PREAMBLE
        self._bytes_around = 0
        # A delimiter begins with a line break. The first has none before it, and that of a part
        # without a body is the end of its headers: it is put back to be found, not to be told.
        self._held = b"\r\n"
        self._put_back = 2

    def feed(self, data: bytes) -> list[Event]:
        """What the bytes bring.

        Raises:
            BadRequest: a part has headers that are none, or is multipart itself.
            TooLarge: a bound is passed.
        """
        data, self._held = (self._held + data if self._held else data), b""
        events: list[Event] = []
        place = 0
        while place < len(data):
            place = self._read(data, place, events)
        return events

    def end(self) -> None:
        """The payload has ended.

        Raises:
            BadRequest: its closing boundary is missing.
        """
        if self._state is not _State.EPILOGUE:
            rule = "ends before the closing boundary (RFC 2046 section 5.1.1)"
            if self._state is _State.PREAMBLE:
                rule = f"has no {self._first_line} (RFC 2046 section 5.1.1)"
            raise BadRequest(self._field(), None, rule)

    def _read(self, data: bytes, place: int, events: list[Event]) -> int:
        """Read on from `place`; returns how far that went."""
        if self._state is _State.EPILOGUE:
            self._pass_over(len(data) - place)
            return len(data)
        if self._state is _State.HEADERS:
            return self._headers(data, place, events)
        return self._stretch(data, place, events)

    def _stretch(self, data: bytes, place: int, events: list[Event]) -> int:
        """Read up to a delimiter, or as far as there is surely none."""
        found = self._next_delimiter(data, place)
        self._passed(data, place, found.start, events)
        if found.is_open:
            return self._hold(data, found.start)
        if self._state is _State.BODY:
            events.append(PartEnd())
        if found.is_close:
            self._state, self._bytes_around = _State.EPILOGUE, 0
            events.append(End())
        else:
            self._state = _State.HEADERS
        return found.end

    def _passed(self, data: bytes, place: int, end: int, events: list[Event]) -> None:
        begin = place + self._put_back
        self._put_back = max(begin - end, 0)
        if end <= begin:
            return
        if self._state is _State.PREAMBLE:
            self._pass_over(end - begin)
        else:
            events.append(PartData(memoryview(data)[begin:end]))

    def _hold(self, data: bytes, place: int) -> int:
        """What is behind `place` waits for more."""
        self._held = data[place:]
        return len(data)

    def _next_delimiter(self, data: bytes, place: int) -> "_Delimiter":
        start = data.find(self._delimiter, place)
        while start >= 0:
            after = start + len(self._delimiter)
            line = _REST_OF_LINE.match(data, after)
            if line is not None:
                return _Delimiter(start, line.end(), is_close=line["close"] is not None)
            if _BEGUN_LINE.fullmatch(data, after):
                return _Delimiter(start, after, is_open=True)
            # The boundary within pixel data, or the beginning of a longer word.
            start = data.find(self._delimiter, after)
        return _Delimiter(self._begun(data, place), len(data), is_open=True)

    def _begun(self, data: bytes, place: int) -> int:
        """Where at the end a delimiter may have begun: it has one CR, its first byte."""
        start = data.rfind(b"\r", max(len(data) - len(self._delimiter) + 1, place))
        return start if start >= 0 and self._delimiter.startswith(data[start:]) else len(data)

    def _headers(self, data: bytes, place: int, events: list[Event]) -> int:
        """Read a part's headers, from the end of the delimiter's line to the blank one."""
        end = data.find(b"\r\n\r\n", place, place + MAX_HEADER_BYTES)
        if end < 0:
            if len(data) - place >= MAX_HEADER_BYTES:
                rule = f"has more than {MAX_HEADER_BYTES} bytes of headers"
                raise TooLarge(self._field(), None, rule)
            return self._hold(data, place)
        if self._parts == self._max_parts:
            raise TooLarge("payload", None, f"has more than {self._max_parts} parts")
        begin = PartBegin(_headers_of(data[place:end], self._field()))
        content_type = begin.header("content-type")
        if content_type.lower().startswith("multipart/"):
            raise BadRequest(self._field(), content_type, "is multipart itself")
        events.append(begin)
        self._parts += 1
        self._state, self._put_back = _State.BODY, 2
        return end + 2

    def _pass_over(self, count: int) -> None:
        self._bytes_around += count
        if self._bytes_around > MAX_BYTES_AROUND:
            if self._state is _State.PREAMBLE:
                rule = f"has no {self._first_line} in its first {MAX_BYTES_AROUND} bytes"
            else:
                rule = f"has more than {MAX_BYTES_AROUND} bytes behind its closing boundary"
            raise TooLarge("payload", None, rule)

    @property
    def _first_line(self) -> str:
        return f"line {printable(self._delimiter[2:].decode('ascii'))}, ended by CR LF"

    def _field(self) -> str:
        return f"payload behind part {self._parts}" if self._parts else "payload"


@dataclass(frozen=True, slots=True)
class _Delimiter:
    """Where one begins and its line ends; `is_open`: more bytes must say whether it is one."""

    start: int
    end: int
    is_close: bool = False
    is_open: bool = False


# The line break is left: right before another one it ends the headers that a part has not got.
_REST_OF_LINE = re.compile(rb"(?P<close>--)|[ \t]{0,%d}+(?=\r\n)" % MAX_PADDING_BYTES)
_BEGUN_LINE = re.compile(rb"-?|[ \t]{0,%d}+\r?" % MAX_PADDING_BYTES)

_HEADER = re.compile(rb"([!#$%&'*+.^_`|~\w-]++)[ \t]*+:[ \t]*+([^\0\r\n]*+)", re.ASCII)
_FOLD = re.compile(rb"\r\n[ \t]++")


def _headers_of(block: bytes, field: str) -> tuple[tuple[str, str], ...]:
    lines = [line for line in _FOLD.sub(b" ", block).split(b"\r\n") if line]
    if len(lines) > MAX_HEADERS:
        raise TooLarge(field, "", f"has more than {MAX_HEADERS} headers")
    return tuple(_header_of(line, field) for line in lines)


def _header_of(line: bytes, field: str) -> tuple[str, str]:
    found = _HEADER.fullmatch(line)
    if found is None:
        raise BadRequest(field, line.decode("latin-1"), "is no header (RFC 2046 section 5.1)")
    return found[1].decode("ascii").lower(), found[2].decode("latin-1").rstrip(" \t")
