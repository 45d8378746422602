"""Byte ranges of a representation (RFC 9110 section 14).

A range is a favour: what is no range, or asks for so many that it must be an attack, is answered
with the whole.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pacsd.dicomweb.errors import RangeNotSatisfiable

MAX_RANGES = 16
"""Ranges that are looked at in one request; no viewer asks for more."""

_RANGES = re.compile(r"bytes=([0-9,\t -]{1,1024})", re.IGNORECASE)
_RANGE = re.compile(r"[ \t]*+([0-9]{0,18}+)-([0-9]{0,18}+)[ \t]*+")


@dataclass(frozen=True, slots=True, order=True)
class ByteRange:
    """Bytes from `start` up to, but not at, `stop`; never empty."""

    start: int
    stop: int

    def content_range(self, size: int) -> str:
        """The value of Content-Range (RFC 9110 section 14.4)."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def byte_ranges(header: str | None, size: int) -> tuple[ByteRange, ...]:
    """What a Range header asks for of `size` bytes: in rising order, overlapping ones as one.

    Without any, it is the whole that is asked for, or that is to be sent (status 200).

    Raises:
        RangeNotSatisfiable: none of the ranges has a byte in it.
    """
    found = _RANGES.fullmatch(header or "")
    if found is None or found[1].count(",") >= MAX_RANGES:
        return ()
    specs = [_RANGE.fullmatch(each) for each in found[1].split(",") if each.strip()]
    asked = [_asked(each, size) if each is not None else None for each in specs]
    wanted = [each for each in asked if each is not None]
    if not wanted or len(wanted) != len(asked):
        return ()
    satisfied = [ByteRange(start, stop) for start, stop in wanted if start < stop]
    if not satisfied:
        rule = f"has no byte of {size} (RFC 9110 section 14.1.2)"
        raise RangeNotSatisfiable("Range", header, rule, size)
    return tuple(_joined(sorted(satisfied)))


def _asked(spec: re.Match[str], size: int) -> tuple[int, int] | None:
    """Start and stop within the representation, none before the other; None if it is no range."""
    first, last = spec[1], spec[2]
    if not first:
        return (max(size - int(last), 0), size) if last else None
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size


def _joined(ranges: Sequence[ByteRange]) -> Iterator[ByteRange]:
    current = ranges[0]
    for each in ranges[1:]:
        if each.start <= current.stop:
            current = ByteRange(current.start, max(current.stop, each.stop))
        else:
            yield current
            current = each
    yield current
