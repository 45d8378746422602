"""How many instances a series or a study is to have, as its objects say.

Whoever has all of them need not wait until nothing comes any more. What devices mean by such an
attribute differs, so none counts unless somebody has chosen it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import anyio.to_thread

from pacsd.dicom.data_set import DataSet, read_elements
from pacsd.dicom.errors import DicomError
from pacsd.dicom.level import Level
from pacsd.dicom.stored_header import decode_header, header_syntax
from pacsd.dicom.tag import Tag
from pacsd.index.index import Index
from pacsd.index.quiet import Touched
from pacsd.jobs.count_products import Product

_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class ExpectedCounts:
    """Of series and of studies: the first product counts of which an object has all attributes."""

    series: tuple[Product, ...] = ()
    study: tuple[Product, ...] = ()

    def of(self, level: Level) -> tuple[Product, ...]:
        """Those of a level."""
        return self.series if level is Level.SERIES else self.study


async def complete(
    index: Index, expected: ExpectedCounts, came: Mapping[tuple[Level, int], int]
) -> frozenset[tuple[Level, int]]:
    """The series and studies that have exactly as many instances as an object of each says.

    `came` is our number of that object, by level and our number of the series or study. One whose
    header is not kept says nothing.

    Raises:
        IndexFault: the index cannot be read now.
    """
    asked = {place: number for place, number in came.items() if expected.of(place[0])}
    if not asked:
        return frozenset()
    headers = await _headers(index, sorted({*asked.values()}))
    said = await anyio.to_thread.run_sync(_said, expected, asked, headers)
    counts = await index.quiet.counts(list(said))
    return frozenset(place for place, number in said.items() if counts[place] == number)


def at_once(
    touched: Iterable[Touched], whole: frozenset[tuple[Level, int]], now_us: int
) -> list[Touched]:
    """The same timers; those of what is whole are due."""
    return [
        Touched(each.level, each.row, now_us) if (each.level, each.row) in whole else each
        for each in touched
    ]


async def _headers(index: Index, numbers: Sequence[int]) -> Mapping[int, bytes]:
    """Headers are kept when their instances are there already: before the writer does more."""
    found = await index.headers(numbers)
    if len(found) == len(numbers):
        return found
    await index.put_headers(())
    return await index.headers(numbers)


def _said(
    expected: ExpectedCounts, asked: Mapping[tuple[Level, int], int], headers: Mapping[int, bytes]
) -> dict[tuple[Level, int], int]:
    """How many each is to have, of those that say so."""
    wanted = frozenset(tag for product in (*expected.series, *expected.study) for tag in product)
    objects = {number: _read(header, wanted) for number, header in headers.items()}
    said: dict[tuple[Level, int], int] = {}
    for place, number in asked.items():
        found = objects.get(number)
        count = 0 if found is None else _count(found, expected.of(place[0]))
        if count:
            said[place] = count
    return said


def _read(header: bytes, wanted: frozenset[Tag]) -> DataSet | None:
    try:
        stored = decode_header(header)
        syntax = header_syntax(stored.layout)
        return read_elements(stored.raw, syntax, wanted, stop_before=max(wanted) + 1)
    except DicomError:
        return None


def _count(found: DataSet, products: Sequence[Product]) -> int:
    """What the first product says of which all attributes are there; 0 if there is none."""
    for product in products:
        values = [_number(found, tag) for tag in product]
        if all(values):
            return prod(values)
    return 0


def _number(found: DataSet, tag: Tag) -> int:
    [text, *_] = (*found.texts(tag), "")
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else 0
