"""Outlines: the same however the bytes come, and what a walk through the whole says."""

from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.errors import DicomError
from pacsd.dicom.fragments import collect_fragments
from pacsd.dicom.header_stream import BULK_GROUP
from pacsd.dicom.headers import UNDEFINED_LENGTH
from pacsd.dicom.outline import MAX_TAIL_BYTES, PIXELS, Outline, OutlineStream
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, TransferSyntax
from pacsd.dicom.walk import walk
from tests.dicom.corpus import CorpusObject, objects
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT, UNDEFINED, element, item, known

NAME = element(0x00100010, "PN", b"A^B ")
PIXEL_DATA, EXTENDED_TABLE, PADDING, SIGNATURES = 0x7FE00010, 0x7FE00001, 0xFFFCFFFC, 0xFFFAFFFA
END = b"\xfe\xff\xdd\xe0\0\0\0\0"
FRAGMENTS = item(b"") + item(b"\xff\xd8" + bytes(500) + b"\xff\xd9") + END
ENCAPSULATED = element(PIXEL_DATA, "OB", FRAGMENTS, length=UNDEFINED)
BEHIND = element(PADDING, "OB", bytes(6))


def outline(
    data: bytes, syntax: TransferSyntax = EXPLICIT, pieces: tuple[int, ...] = (), *, skips: bool
) -> Outline:
    """Read in pieces of these sizes over and over, or all at once."""
    stream = OutlineStream(syntax)
    sizes = cycle(pieces or (len(data) or 1,))
    while stream.offset < len(data) and not stream.is_over:
        at = stream.offset
        stream.feed(data[at : at + next(sizes)])
        if skips:
            stream.skip(min(stream.skippable_bytes, len(data) - stream.offset))
    stream.end()
    return stream.outline()


def told(found: Outline) -> tuple[object, ...]:
    fragments = found.fragments
    ends = fragments and [
        (fragments.starts(n), fragments.ends(n)) for n in range(len(fragments.offsets))
    ]
    table = fragments and (fragments.offsets, fragments.lengths, fragments.basic_offset_table)
    raw = (found.header.raw, found.header.passed) if not found.header.passed else ()
    return found.pixels, found.tables, found.tail, found.fault, ends, table, raw


def syntax_of(each: CorpusObject) -> TransferSyntax:
    return known(EXPLICIT_VR_LITTLE_ENDIAN) if each.syntax.is_deflated else each.syntax


def test_every_object_is_as_a_walk_has_it() -> None:
    with_pixels = behind = 0
    for each in objects():
        syntax = syntax_of(each)
        found = outline(each.inflated, syntax, (4_096,), skips=True)
        try:
            last = [walked.element for walked in walk(each.inflated, syntax) if not walked.path]
        except DicomError:
            continue
        if found.header.fault or found.fault:
            continue
        pixels = [element_ for element_ in last if element_.tag in PIXELS]
        tail = [element_ for element_ in last if element_.tag > PIXEL_DATA]
        assert (found.pixels is None) == (not pixels), each.path
        assert bool(found.tail) == bool(tail), each.path
        behind += bool(tail)
        if found.pixels is not None:
            with_pixels += 1
            assert found.pixels.offset == pixels[0].offset
            assert found.pixels.length == pixels[0].length
        if found.fragments is not None:
            whole = collect_fragments(each.inflated, pixels[0].offset)
            assert found.fragments.offsets == whole.offsets
            assert found.fragments.lengths == whole.lengths
    assert with_pixels > 50
    assert behind


@pytest.mark.parametrize("pieces", [(1,), (7, 3), (64, 1, 5_000)])
@pytest.mark.parametrize("skips", [False, True])
def test_the_same_in_any_pieces(pieces: tuple[int, ...], *, skips: bool) -> None:
    for each in objects():
        if len(each.inflated) < 20_000:
            whole = outline(each.inflated, syntax_of(each), skips=False)
            assert told(outline(each.inflated, syntax_of(each), pieces, skips=skips)) == told(whole)


@given(st.lists(st.integers(1, 700), min_size=1, max_size=5), st.booleans())
def test_offset_tables_fragments_and_what_is_behind(sizes: list[int], skips: bool) -> None:
    table = element(EXTENDED_TABLE, "OV", bytes(8))
    data = NAME + table + ENCAPSULATED + BEHIND
    found = outline(data, pieces=tuple(sizes), skips=skips)
    assert found.header.raw == NAME
    assert (found.tables, found.tail, found.fault) == (table, BEHIND, "")
    assert found.size_bytes == len(data)
    assert found.pixels is not None
    assert found.pixels.length == UNDEFINED_LENGTH
    fragments = found.fragments
    assert fragments is not None
    assert fragments.is_complete
    assert list(fragments.lengths) == [504]
    assert fragments.starts(0)
    assert fragments.ends(0)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_native_pixel_data_is_skipped(syntax: TransferSyntax) -> None:
    head = element(0x00100010, "PN", b"A^B ", syntax)
    behind = element(PADDING, "OB", bytes(6), syntax)
    data = head + element(PIXEL_DATA, "OW", bytes(100_000), syntax) + behind
    stream = OutlineStream(syntax)
    stream.feed(data[:64])
    assert stream.skippable_bytes == len(data) - len(behind) - 64
    stream.skip(stream.skippable_bytes)
    stream.feed(data[stream.offset :])
    stream.end()
    assert stream.outline().tail == behind
    assert stream.outline().pixels == outline(data, syntax, (100,), skips=False).pixels


def test_a_data_set_without_pixel_data() -> None:
    found = outline(NAME, skips=True)
    assert (found.pixels, found.tail, found.fault, found.header.raw) == (None, b"", "", NAME)
    found = outline(NAME + BEHIND, pieces=(5,), skips=True)
    assert (found.pixels, found.tail, found.fault) == (None, BEHIND, "")
    found = outline(NAME + BEHIND[:5], skips=True)
    assert "ends within" in found.fault


@pytest.mark.parametrize("cut", [1, 9, 20, 30, 200, len(ENCAPSULATED) - 1])
def test_pixel_data_that_is_cut_short(cut: int) -> None:
    found = outline((NAME + ENCAPSULATED)[: len(NAME) + cut], pieces=(3,), skips=False)
    assert "the data set ends within its" in found.fault
    assert found.header.raw == NAME
    native = NAME + element(PIXEL_DATA, "OW", bytes(50), length=60)
    assert "ends within" in outline(native, skips=False).fault


def test_fragments_that_are_none() -> None:
    broken = NAME + element(PIXEL_DATA, "OB", NAME + NAME, length=UNDEFINED)
    found = outline(broken, skips=True)
    assert "where a fragment must stand" in found.fault
    assert found.fragments is None


def test_a_header_that_cannot_be_read() -> None:
    found = outline(NAME + b"\x10\x00\x20\x00LO", skips=True)
    assert "ends within its header" in found.fault
    assert found.header.raw == NAME


def test_so_much_behind_pixel_data_is_kept_and_no_more() -> None:
    native = NAME + element(PIXEL_DATA, "OW", bytes(2))
    long = element(PADDING, "OB", bytes(MAX_TAIL_BYTES))
    assert "behind Pixel Data" in outline(native + long, pieces=(65_536,), skips=False).fault
    some = element(SIGNATURES, "SQ", b"")
    assert outline(native + some, skips=False).tail == some


def test_an_offset_table_that_is_too_long() -> None:
    huge = element(EXTENDED_TABLE, "OV", b"", length=UNDEFINED - 1)
    assert "before Pixel Data" in outline(NAME + huge, skips=False).fault
    assert BULK_GROUP >> 16 == EXTENDED_TABLE >> 16
