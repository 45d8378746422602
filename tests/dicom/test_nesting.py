import random
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.headers import layout_of
from pacsd.dicom.nesting import Nesting, holds_items, least_bytes
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.dicom.walk import walk
from tests.dicom.corpus import objects
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT, deep, element, item, sequence

SQ: Tag = 0x00081140
UID: Tag = 0x00081155
PRIVATE: Tag = 0x00091001
SYNTAXES = [IMPLICIT, EXPLICIT, BIG]
MANY = 1_000_000


def is_too_deep(
    value: bytes,
    levels: int,
    syntax: TransferSyntax = EXPLICIT,
    *cuts: int,
    max_headers: int = MANY,
    is_item: bool = False,
    is_unknown: bool = False,
) -> bool:
    """What a value, fed in parts, is found to be."""
    nesting = Nesting(
        layout_of(syntax), len(value), levels, max_headers, is_item=is_item, is_unknown=is_unknown
    )
    ends = (min(cut, len(value)) for cut in cuts)
    parts = pairwise(sorted({0, *ends, len(value)}))
    told = [nesting.feed(memoryview(value)[start:end]) for start, end in parts]
    return bool(told) and told[-1]


def value_of(depth: int, syntax: TransferSyntax, lengths: str) -> bytes:
    """What a sequence of defined length holds, in which so many stand in one another."""
    return item(deep(depth, syntax, lengths), syntax)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("lengths", ["d", "u", "s", "i", "du", "ud", "dusi"])
@pytest.mark.parametrize("levels", [0, 1, 2, 63])
def test_so_deep_and_no_deeper(syntax: TransferSyntax, lengths: str, levels: int) -> None:
    for step in (1, 7, 1 << 20):
        for depth in (levels, levels + 1, levels + 2):
            value = value_of(depth, syntax, lengths)
            cuts = range(0, len(value), step)
            assert is_too_deep(value, levels, syntax, *cuts) is (depth > levels)
            inner = deep(depth, syntax, lengths)
            assert is_too_deep(inner, levels, syntax, *cuts, is_item=True) is (depth > levels)


@pytest.mark.parametrize("lengths", ["d", "u", "du"])
def test_the_deepest_ends_soon(lengths: str) -> None:
    value = value_of(100_000, EXPLICIT, lengths)
    started = time.process_time()
    assert is_too_deep(value, 63, EXPLICIT, *range(0, len(value), 4096))
    assert is_too_deep(value, 63)
    assert time.process_time() - started < 1


@st.composite
def sequences(draw: st.DrawFn, syntax: TransferSyntax, levels: int) -> bytes:
    """The items of a sequence with any elements in them, and sequences among these."""
    items: list[bytes] = []
    for _ in range(draw(st.integers(0, 3))):
        elements: list[bytes] = []
        for _ in range(draw(st.integers(0, 3))):
            nests = levels > 0 and draw(st.booleans())
            value = draw(sequences(syntax, levels - 1)) if nests else bytes(draw(st.integers(0, 9)))
            if nests:
                is_undefined = draw(st.booleans())
                elements.append(sequence(SQ, value, syntax, is_undefined=is_undefined))
            else:
                elements.append(element(UID, draw(st.sampled_from(["UI", "UN"])), value, syntax))
        content = b"".join(elements)
        items.append(item(content, syntax, is_undefined=draw(st.booleans())))
    return b"".join(items)


@given(st.data(), st.sampled_from(SYNTAXES), st.integers(0, 5))
def test_it_finds_what_a_walk_finds(
    data: st.DataObject, syntax: TransferSyntax, levels: int
) -> None:
    value = data.draw(sequences(syntax, 6))
    walked = walk(sequence(SQ, value, syntax), syntax)
    deepest = max(len(path) for path, each in walked if each.tag == SQ)
    cuts = data.draw(st.lists(st.integers(0, len(value))))
    assert is_too_deep(value, levels, syntax, *cuts) is (deepest > levels)


@pytest.mark.parametrize("is_explicit", [True, False])
@pytest.mark.parametrize("around", SYNTAXES[1:])
def test_unknown_sequences_are_written_in_implicit_vr_as_a_rule(
    around: TransferSyntax, *, is_explicit: bool
) -> None:
    within = EXPLICIT if is_explicit else IMPLICIT
    for depth in (62, 63, 64):
        items = value_of(depth, within, "d")
        assert is_too_deep(items, 63, IMPLICIT, is_unknown=True) is (depth > 63)
        assert is_too_deep(items, 63, IMPLICIT, 9, 13, 17, is_unknown=True) is (depth > 63)
        unknown = sequence(PRIVATE, items, around, vr="UN", is_undefined=True)
        assert is_too_deep(item(unknown, around), 63, around) is (depth > 62)
        known = sequence(SQ, items, around, vr="UN")
        assert is_too_deep(item(known, around), 63, around) is (depth > 62)


def test_what_no_reader_goes_into_is_no_level() -> None:
    private = sequence(PRIVATE, value_of(63, IMPLICIT, "d"), vr="UN")
    assert not is_too_deep(item(private), 63)
    fragments = item(value_of(63, EXPLICIT, "d"))
    for vr, tag in (("OB", PRIVATE), ("OW", 0x7FE00010)):
        pixels = sequence(tag, fragments, vr=vr, is_undefined=True)
        assert not is_too_deep(item(pixels), 63)
        assert is_too_deep(item(pixels + deep(64)), 63)


def test_an_object_is_not_too_deep() -> None:
    chance = random.Random(7)
    checked = 0
    for each in objects():
        for path, found in walk(each.inflated, each.syntax, stop_before=0x7FE00010):
            if found.vr != "SQ" or path or found.is_undefined_length:
                continue
            value = each.inflated[found.offset : found.offset + found.length]
            cuts = [chance.randrange(len(value) + 1) for _ in range(5)]
            assert not is_too_deep(value, 63, each.syntax, *cuts)
            inner = [len(path) for path, _ in walk(sequence(SQ, value, each.syntax), each.syntax)]
            assert is_too_deep(value, 0, each.syntax, *cuts) is (max(inner) > 1)
            checked += 1
    assert checked


@pytest.mark.parametrize(
    "broken",
    [
        element(UID, "UI", b"1.2 "),  # where an item must stand
        item(element(UID, "UI", b"1.2 ", length=50) + deep(70)),  # into the deep ones
        item(element(UID, "UI", b"1.2 ", length=5000)),  # past the item's end
        item(b"\x08\0\x55\x11U"),
        item(b"")[:6],
    ],
)
def test_what_cannot_be_read_is_taken_for_shallow(broken: bytes) -> None:
    for cut in range(0, len(broken), 5):
        assert not is_too_deep(broken + bytes(2000), 63, EXPLICIT, cut)


@pytest.mark.parametrize(
    "odd",
    [
        sequence(SQ, b"\xfe\xff\0\xe0\xff\xff\xff\xff", is_undefined=True),  # no delimiter
        b"\xfe\xff\x0d\xe0\0\0\0\0",
        b"\xfe\xff\xdd\xe0\0\0\0\0",
        b"\x09\0\x01\x10ZZ\0\0\0\0\0\0",
        element(UID, "UI", b"1.2", IMPLICIT),
    ],
)
def test_what_other_readers_tolerate_hides_nothing(odd: bytes) -> None:
    assert is_too_deep(b"\xfe\xff\xdd\xe0\0\0\0\0" + item(odd + deep(64)), 63)
    assert not is_too_deep(item(odd + deep(63)), 63)


def test_lengths_past_the_end_hide_nothing() -> None:
    for depth in (62, 63, 64):
        long_item = b"\xfe\xff\0\xe0\xff\xff\0\0" + deep(depth)
        assert is_too_deep(long_item + bytes(2000), 63) is (depth > 63)
        inner = element(SQ, "SQ", item(deep(depth)), length=0xFFFF)
        assert is_too_deep(item(inner) + bytes(2000), 63) is (depth > 62)


def test_no_more_headers_are_looked_at_than_may_be() -> None:
    value = item(b"") * 1000 + item(deep(64))
    assert is_too_deep(value, 63, max_headers=1000 + 2 * 64)
    assert not is_too_deep(value, 63, max_headers=1000)
    nesting = Nesting(layout_of(EXPLICIT), len(value), 63, 5000)
    nesting.feed(value[:4000])
    assert 4500 <= nesting.headers_left < 5000


def test_ordinary_sequences_are_not_looked_at() -> None:
    value = item(element(UID, "UI", bytes(60)) * 50) * 50
    nesting = Nesting(layout_of(EXPLICIT), len(value), 63, 1000)
    nesting.feed(value)
    assert nesting.headers_left == 1000


def test_the_least_that_so_many_take() -> None:
    for levels in range(5):
        shortest = value_of(levels + 1, IMPLICIT, "d")
        assert len(shortest) == least_bytes(levels)
        assert is_too_deep(shortest, levels, IMPLICIT)


@pytest.mark.parametrize(
    ("tag", "vr", "expected"),
    [
        (SQ, "SQ", True),
        (PRIVATE, "SQ", True),
        (SQ, None, True),
        (SQ, "UN", True),
        (PRIVATE, None, False),
        (PRIVATE, "UN", False),
        (UID, "UI", False),
        (SQ, "OB", False),
    ],
)
def test_what_holds_items(tag: Tag, vr: VR | None, *, expected: bool) -> None:
    assert holds_items(tag, vr) is expected
