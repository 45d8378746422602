"""Fuzz entries of the readers of data sets: only the room's named errors may come out of them."""

from itertools import pairwise

import pytest

from pacsd.dicom.charset import character_set, decode_text, encode_text
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.errors import FrameError, InflateError, ScanError
from pacsd.dicom.fragments import ExtendedOffsetTable, FragmentCollector, fragmented_frames
from pacsd.dicom.header_stream import HeaderStream
from pacsd.dicom.inflate import Inflater, inflate
from pacsd.dicom.quirks import QuirkCounter
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.scan import Scan, scan
from pacsd.dicom.stored_header import decode_header, encode_header
from pacsd.dicom.value_check import check_value
from pacsd.dicom.values import (
    parse_date,
    parse_date_time,
    parse_decimal,
    parse_integer,
    parse_time,
    read_values,
)
from pacsd.dicom.vr import VR
from pacsd.dicom.walk import walk
from tests.dicom.character_sets import EXAMPLES
from tests.dicom.corpus import objects
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT, deflate, element, item, sequence
from tests.fuzz.campaign import MAX_INPUT_BYTES, Parser, long_iterations, run

SYNTAXES = (IMPLICIT, EXPLICIT, BIG)
PIXEL_DATA = 0x7FE00010


def nested(syntax: TransferSyntax) -> bytes:
    """Sequences, items and fragments, each with and without a length."""
    uid = element(0x00081155, "UI", b"1.2 ", syntax)
    inner = sequence(0x00081140, item(uid, syntax) * 2, syntax)
    outer = item(inner + uid, syntax, is_undefined=True) + item(uid, syntax)
    fragments = item(b"", syntax) + item(b"\xff\xd8\xff\xd9", syntax)
    return b"".join((
        sequence(0x00081115, outer, syntax, is_undefined=True),
        element(0x00090010, "LO", b"ACME", syntax),
        sequence(0x00091001, item(uid, IMPLICIT), syntax, vr="UN", is_undefined=True),
        sequence(PIXEL_DATA, fragments, syntax, vr="OB", is_undefined=True),
    ))  # fmt: skip


DATA_SETS = [nested(syntax) for syntax in SYNTAXES] + [
    each.inflated[:MAX_INPUT_BYTES] for each in objects() if len(each.inflated) < MAX_INPUT_BYTES
]
ITEMS = [
    item(b"") + item(b"\xff\xd8\xff\xd9") * 3 + b"\xfe\xff\xdd\xe0\0\0\0\0",
    item(b"\0\0\0\0\x0c\0\0\0") + item(b"\xff\xd8\xff\xd9") * 2 + b"\xfe\xff\xdd\xe0\0\0\0\0",
]
TEXTS = [declared + b"\0" + raw for declared, raw, _ in EXAMPLES]
DEFLATED = [deflate(each) for each in DATA_SETS[:5]]


def encoding_of(data: bytes) -> TransferSyntax:
    """The one that the input's bytes add up to."""
    return SYNTAXES[sum(data) % len(SYNTAXES)]


def scan_as_it_arrives(data: bytes) -> object:
    """At once and in parts: the same must come of both."""
    syntax = encoding_of(data)
    at_once = scan(data, syntax, stop_before=PIXEL_DATA)
    half = scan(data[: len(data) // 2], syntax, stop_before=PIXEL_DATA, is_whole=False)
    after = scan(data, syntax, stop_before=PIXEL_DATA, after=half)
    if _where(after) != _where(at_once):
        raise TypeError(f"in parts {after}, at once {at_once}")
    return at_once


def _where(found: Scan) -> tuple[object, ...]:
    return found.elements, found.stopped_at, found.end_offset, found.is_complete


def walk_in_order(data: bytes) -> object:
    """Elements lie within the data, in its order."""
    walked = walk(data, encoding_of(data), quirks=QuirkCounter())
    offsets = [each.offset for _, each in walked]
    if any(first >= second for first, second in pairwise([*offsets, len(data) + 1])):
        raise TypeError(f"not in order: {offsets}")
    return offsets


def read_and_check(data: bytes) -> object:
    """As the VR that the input's bytes add up to: nothing may come out at all.

    Encoding looks for each character in several sets: a quarter of them fits the budget.
    """
    declared, _, raw = data.partition(b"\0")
    charset = character_set(declared)
    vr = tuple(VR)[sum(data) % len(VR)]
    if len(data) % 2:
        return read_values(raw, vr, charset), check_value(vr, raw[:64], charset)
    text = decode_text(raw, charset, vr).text
    for parse in (parse_date, parse_time, parse_date_time, parse_decimal, parse_integer):
        parse(text)
    return encode_text(text[: len(data) // 4], charset, vr)


def read_header(data: bytes) -> object:
    """In three parts, then as the index keeps it: nothing may come out at all."""
    stream = HeaderStream(encoding_of(data), max_bytes=4096)
    for start in range(0, len(data), len(data) // 3 + 1):
        stream.feed(data[start : start + len(data) // 3 + 1])
    stream.end()
    return decode_header(encode_header(stream.header()))


def divide(data: bytes) -> object:
    """Fragments fed in two parts, with tables of all kinds."""
    collector = FragmentCollector(0)
    collector.feed(data[: len(data) // 3])
    collector.feed(data[len(data) // 3 :])
    extended = ExtendedOffsetTable.decode(data[:16], data[16:32])
    table, _ = fragmented_frames(collector, 2, extended)
    return [table[index] for index in range(len(table))]


def inflate_in_parts(data: bytes) -> object:
    """Whole and as a prefix."""
    prefix = Inflater(max_bytes=1000, is_prefix=True)
    head = b"".join(prefix.inflate(part) for part in (data[:7], data[7:]))
    whole, _ = inflate(data)
    if not whole.startswith(head):
        raise TypeError("a prefix that is none")
    return whole


@pytest.fixture(scope="module", autouse=True)
def first_uses() -> None:
    """What is read in once, when first needed, is no part of an input's budget of lines."""
    vr_of(0x00100010)
    vr_of(0x60000010)
    for declared, raw, _ in EXAMPLES:
        decode_text(raw, character_set(declared), VR.PN)


ENTRIES = pytest.mark.parametrize(
    ("parser", "corpus", "allowed", "iterations"),
    [
        (scan_as_it_arrives, DATA_SETS, (ScanError,), 1_500),
        (walk_in_order, DATA_SETS, (ScanError,), 1_500),
        (read_header, DATA_SETS, (), 1_500),
        (read_and_check, TEXTS, (), 3_000),
        (divide, ITEMS, (FrameError,), 3_000),
        (inflate_in_parts, DEFLATED, (InflateError,), 1_000),
    ],
    ids=["scan", "walk", "header", "values", "fragments", "inflate"],
)


@ENTRIES
def test_a_slice(
    parser: Parser, corpus: list[bytes], allowed: tuple[type[Exception], ...], iterations: int
) -> None:
    report = run(parser, corpus, allowed, iterations=iterations, seed=1)
    assert report.parsed > len(corpus) // 2
    assert bool(report.refused) is bool(allowed)


@pytest.mark.fuzz
@pytest.mark.timeout(0)
@ENTRIES
def test_a_campaign(
    parser: Parser, corpus: list[bytes], allowed: tuple[type[Exception], ...], iterations: int
) -> None:
    run(parser, corpus, allowed, iterations=max(iterations, long_iterations() // 10), seed=2)
