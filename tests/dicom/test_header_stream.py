import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.header_stream import (
    AHEAD_BYTES,
    BULK_GROUP,
    LONG_VALUE_BYTES,
    MAX_ELEMENTS,
    MAX_NESTED_HEADERS,
    DataSetHeader,
    HeaderStream,
    PassedValue,
    known_syntax,
)
from pacsd.dicom.quirks import QuirkKind
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, TransferSyntax
from pacsd.dicom.scan import scan
from tests.dicom.corpus import objects
from tests.dicom.written import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    deep,
    deflate,
    element,
    item,
    sequence,
)

UNCOMPRESSED = [IMPLICIT, EXPLICIT, BIG]
PIXEL_DATA = 0x7FE00010
STUDY_UID, PATIENT_NAME = 0x0020000D, 0x00100010


def read(
    data: bytes, syntax: TransferSyntax, *cuts: int, max_bytes: int = 1 << 20
) -> DataSetHeader:
    """The header of a data set that comes in parts; the memory of a part is used again."""
    stream = HeaderStream(syntax, max_bytes)
    ends = (min(cut, len(data)) for cut in cuts)
    for start, end in pairwise(sorted({0, *ends, len(data)})):
        part = bytearray(data[start:end])
        stream.feed(part)
        part[:] = bytes(len(part))
    stream.end()
    return stream.header()


def name_and_uid(syntax: TransferSyntax) -> bytes:
    return element(PATIENT_NAME, "PN", b"Doe^J ", syntax) + element(
        STUDY_UID, "UI", b"1.2.3\0", syntax
    )


@pytest.mark.parametrize("syntax", UNCOMPRESSED)
def test_what_stands_before_pixel_data_is_kept(syntax: TransferSyntax) -> None:
    before = name_and_uid(syntax)
    header = read(before + element(PIXEL_DATA, "OW", bytes(100), syntax), syntax)
    assert header.raw == before
    assert header.value(PATIENT_NAME) == b"Doe^J "
    assert (header.is_whole, header.fault, header.quirks, header.passed) == (True, "", (), ())


def test_every_object_in_any_parts() -> None:
    chance = random.Random(7)
    for each in objects():
        whole = scan(each.inflated, each.syntax, stop_before=BULK_GROUP)
        cuts = [chance.randrange(len(each.data_set)) for _ in range(chance.choice((0, 1, 9)))]
        header = read(each.data_set, each.syntax, *cuts, max_bytes=64 << 20)
        passed = {value.tag: (value.offset, value.length) for value in header.passed}
        assert {*header.elements} | {*passed} == {*whole.elements}, each.path
        for tag, found in whole.elements.items():
            if tag in passed:
                assert passed[tag] == (found.offset, found.length)
            else:
                assert header.value(tag) == whole.value(each.inflated, tag), each.path


@given(
    syntax=st.sampled_from([*UNCOMPRESSED, DEFLATED]),
    cuts=st.lists(st.integers(1, 3 * LONG_VALUE_BYTES), max_size=6),
    is_private=st.booleans(),
)
def test_a_long_value_is_passed_over(
    syntax: TransferSyntax, cuts: list[int], *, is_private: bool
) -> None:
    tag = 0x00111010 if is_private else 0x00189999
    before = element(0x00080005, "CS", b"ISO_IR 192", syntax)
    long = element(tag, "UN", bytes(LONG_VALUE_BYTES + 2), syntax)
    plain = before + long + name_and_uid(syntax)
    data = deflate(plain) if syntax is DEFLATED else plain
    header = read(data, syntax, *cuts)
    assert header.is_whole
    assert header.value(PATIENT_NAME) == b"Doe^J "
    assert header.value(STUDY_UID) == b"1.2.3\0"
    if header.passed:
        at = len(before) + len(long) - LONG_VALUE_BYTES - 2
        vr = None if syntax.is_implicit_vr else "UN"
        assert header.passed == (PassedValue(tag, vr, at, LONG_VALUE_BYTES + 2),)
        assert len(header.raw) < 1000
    else:
        assert header.raw == plain


def test_a_long_value_that_comes_in_parts_is_never_kept() -> None:
    size = 20 * LONG_VALUE_BYTES
    data = element(0x00111010, "OB", bytes(size)) + name_and_uid(EXPLICIT)
    header = read(data, EXPLICIT, *range(1000, size, 1000), max_bytes=4096)
    assert header.is_whole
    assert [(value.tag, value.length) for value in header.passed] == [(0x00111010, size)]


def test_two_long_values_one_after_the_other() -> None:
    size = LONG_VALUE_BYTES + 2
    one, two = element(0x00111010, "OB", bytes(size)), element(0x00111011, "OB", bytes(size))
    header = read(one + two + name_and_uid(EXPLICIT), EXPLICIT, 20, 30, len(one) + 20)
    assert [value.tag for value in header.passed] == [0x00111010, 0x00111011]
    assert header.value(STUDY_UID) == b"1.2.3\0"


def test_a_header_that_is_too_long_is_kept_as_far_as_it_may_be() -> None:
    items = b"".join(item(element(0x300600C8, "LO", b"x" * 60)) for _ in range(2000))
    long = sequence(0x30060080, items, is_undefined=True)
    header = read(name_and_uid(EXPLICIT) + long, EXPLICIT, 1000, 9000, 20_000, max_bytes=16_384)
    assert header.value(STUDY_UID) == b"1.2.3\0"
    assert not header.is_whole
    assert header.fault == "the header is longer than 16384 bytes"


@pytest.mark.parametrize("cuts", [(), (1_000, 90_000, 200_000)])
def test_of_very_many_elements_the_first_ones_are_kept(cuts: tuple[int, ...]) -> None:
    empty = b"".join(
        element(0x00210000 + number, "SH", b"") for number in range(1, MAX_ELEMENTS + 2_000)
    )
    header = read(name_and_uid(EXPLICIT) + empty, EXPLICIT, *cuts)
    assert header.value(STUDY_UID) == b"1.2.3\0"
    assert len(header.elements) == MAX_ELEMENTS
    assert not header.is_whole
    assert header.fault == "the header has more than 16384 elements"


def test_a_data_set_that_ends_in_its_header() -> None:
    header = read(name_and_uid(EXPLICIT) + element(0x00200010, "SH", b"x", length=10), EXPLICIT)
    assert header.value(STUDY_UID) == b"1.2.3\0"
    assert (header.is_whole, header.fault) == (False, "the data set ends within its header")
    assert QuirkKind.TRUNCATED in {quirk.kind for quirk in header.quirks}


@pytest.mark.parametrize("came", [LONG_VALUE_BYTES, LONG_VALUE_BYTES + 1])
def test_a_data_set_that_ends_in_a_long_value_of_its_header(came: int) -> None:
    tag = 0x00290010
    cut = element(tag, "OB", bytes(came), length=LONG_VALUE_BYTES + 2)
    header = read(name_and_uid(EXPLICIT) + cut, EXPLICIT, 500)
    assert header.value(STUDY_UID) == b"1.2.3\0"
    assert [each.tag for each in header.passed] == [tag]
    assert (header.is_whole, header.fault) == (False, "the data set ends within its header")
    quirks = [(quirk.kind, quirk.tag) for quirk in header.quirks if quirk.tag == tag]
    assert quirks == [(QuirkKind.TRUNCATED, tag)]


@pytest.mark.parametrize("syntax", [*UNCOMPRESSED, DEFLATED])
def test_where_the_value_lies_that_the_header_ends_before(syntax: TransferSyntax) -> None:
    long = element(0x00081010, "OB", bytes(LONG_VALUE_BYTES + 2), syntax)
    pixels = element(PIXEL_DATA, "OW", bytes(10), syntax)
    plain = long + name_and_uid(syntax) + pixels
    stream = HeaderStream(syntax)
    data = deflate(plain) if syntax is DEFLATED else plain
    for start in range(0, len(data), 1000):
        stream.feed(data[start : start + 1000])
    vr = None if syntax.is_implicit_vr else "OW"
    assert stream.stopped_at == PassedValue(PIXEL_DATA, vr, len(plain) - 10, 10)


@pytest.mark.parametrize("size", [1, 50, 1000, 100_000])
def test_what_came_of_it_is_kept_within_bounds(size: int) -> None:
    before = name_and_uid(EXPLICIT) + element(PIXEL_DATA, "OW", b"", length=50_000)
    value = bytes(range(250)) * 200
    stream, data, came = HeaderStream(EXPLICIT), before + value, 0
    while not stream.is_over:
        stream.feed(data[came : came + size])
        came = min(came + size, len(data))
    assert stream.ahead == value[: came - len(before)][-AHEAD_BYTES:]
    assert came < len(data) or len(stream.ahead) == AHEAD_BYTES


def test_a_header_that_ends_before_nothing() -> None:
    stream = HeaderStream(EXPLICIT)
    stream.feed(name_and_uid(EXPLICIT))
    stream.end()
    assert (stream.is_whole, stream.stopped_at) == (True, None)


def test_an_empty_data_set() -> None:
    header = read(b"", EXPLICIT)
    assert (header.raw, header.is_whole) == (b"", True)


@pytest.mark.parametrize("lengths", ["u", "d", "ud", "du"])
@pytest.mark.parametrize("syntax", [*UNCOMPRESSED, DEFLATED])
@pytest.mark.parametrize("depth", [64, 65, 1_100, 100_000])
def test_row_d31_sequences_nest_so_deep_and_no_deeper(
    depth: int, syntax: TransferSyntax, lengths: str
) -> None:
    plain = name_and_uid(syntax) + deep(depth, syntax, lengths)
    data = deflate(plain) if syntax is DEFLATED else plain
    for step in (50, 16_384, 131_072):
        header = read(data, syntax, *range(step, min(len(data), step * 100), step))
        assert header.is_whole is (depth <= 64)
        assert header.is_broken is ("deeper than 64" in header.fault) is (depth > 64)


@pytest.mark.parametrize("depth", [62, 63])
@pytest.mark.parametrize("shallow_bytes", [100, 2000])
def test_row_d31_in_a_sequence_that_is_passed_over(depth: int, shallow_bytes: int) -> None:
    shallow = item(element(0x00081155, "UI", bytes(shallow_bytes)))
    inner = sequence(0x00081115, shallow * 1000 + item(deep(depth)) + shallow)
    before, after = element(STUDY_UID, "UI", b"1.2.3\0"), element(0x00400009, "SH", b"1 ")
    long = sequence(0x00321064, item(inner) + shallow)
    size = len(before) + len(long) + len(after)
    for step in (999, 16_384, 131_072):
        header = read(before + long + after, EXPLICIT, *range(step, size, step))
        if depth > 62:
            assert (header.is_broken, header.is_whole) == (True, False)
            assert header.fault.startswith("(0032,1064) at offset ")
            assert {*header.elements} <= {STUDY_UID}
        else:
            assert (header.is_whole, header.fault) == (True, "")
            assert header.value(0x00400009) == b"1 "


@pytest.mark.parametrize("lengths", ["u", "d", "ud", "du"])
@pytest.mark.parametrize("is_undefined", [True, False])
def test_row_d31_in_a_data_set_that_is_cut_short(lengths: str, *, is_undefined: bool) -> None:
    for depth in (63, 64):
        items = item(deep(depth, EXPLICIT, lengths)) + item(element(0x00081155, "UI", b"1.2 "))
        data = name_and_uid(EXPLICIT) + sequence(0x00400260, items, is_undefined=is_undefined)
        header = read(data[:-9], EXPLICIT, 100, 1000)
        assert (header.is_whole, header.is_broken) == (False, depth > 63)


def test_a_long_sequence_is_passed_over() -> None:
    items = item(element(0x00081155, "UI", bytes(60)) * 20) * 200
    long = [sequence(tag, items) for tag in (0x00321064, 0x00400260)]
    data = b"".join((name_and_uid(EXPLICIT), *long, element(0x00400280, "ST", b"end ")))
    header = read(data, EXPLICIT, *range(0, len(data), 10_000))
    assert header.is_whole
    assert [each.tag for each in header.passed] == [0x00321064, 0x00400260]
    assert header.value(0x00400280) == b"end "
    assert header.place(header.elements[0x00400280]).offset == len(data) - 4


def test_so_much_is_looked_at_of_what_is_passed_over() -> None:
    empty, end = item(b"") * MAX_NESTED_HEADERS, item(deep(64))
    for items, is_broken in ((empty[8 * 200 :] + end, True), (empty + end, False)):
        data = name_and_uid(EXPLICIT) + sequence(0x00321064, items)
        header = read(data, EXPLICIT, *range(0, len(data), 10_000))
        assert header.is_broken is is_broken
    data = sequence(0x00321064, empty) + sequence(0x00400260, empty[: len(empty) // 2] + end)
    assert not read(data, EXPLICIT, *range(0, len(data), 10_000)).is_broken


def test_row_d32_of_a_bomb_only_the_beginning_is_inflated() -> None:
    bomb = deflate(name_and_uid(EXPLICIT) + element(0x00420011, "OB", bytes(100_000_000)))
    header = read(bomb, DEFLATED, 1000)
    assert header.value(STUDY_UID) == b"1.2.3\0"
    assert len(header.raw) <= 1 << 20


def test_row_d32_a_broken_stream_is_a_fault() -> None:
    header = read(b"\xff" * 100, DEFLATED)
    assert not header.is_whole
    assert "deflated data set" in header.fault


def test_a_private_transfer_syntax_is_read_as_explicit_little_endian() -> None:
    assert known_syntax("1.3.46.670589.33.1.4.1").uid == EXPLICIT_VR_LITTLE_ENDIAN
