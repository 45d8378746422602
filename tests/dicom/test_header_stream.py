import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.header_stream import (
    BULK_GROUP,
    LONG_VALUE_BYTES,
    DataSetHeader,
    HeaderStream,
    PassedValue,
    known_syntax,
)
from pacsd.dicom.quirks import QuirkKind
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, TransferSyntax
from pacsd.dicom.scan import scan
from tests.dicom.corpus import objects
from tests.dicom.written import BIG, DEFLATED, EXPLICIT, IMPLICIT, deflate, element, item, sequence

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


def test_a_data_set_that_ends_in_its_header() -> None:
    header = read(name_and_uid(EXPLICIT) + element(0x00200010, "SH", b"x", length=10), EXPLICIT)
    assert header.value(STUDY_UID) == b"1.2.3\0"
    assert (header.is_whole, header.fault) == (False, "the data set ends within its header")
    assert QuirkKind.TRUNCATED in {quirk.kind for quirk in header.quirks}


def test_an_empty_data_set() -> None:
    header = read(b"", EXPLICIT)
    assert (header.raw, header.is_whole) == (b"", True)


@pytest.mark.parametrize("depth", [64, 65, 1_100])
def test_row_d31_sequences_nest_so_deep_and_no_deeper(depth: int) -> None:
    nested = b""
    for _ in range(depth):
        nested = sequence(0x00400275, item(nested, is_undefined=True), is_undefined=True)
    header = read(name_and_uid(EXPLICIT) + nested, EXPLICIT, 50)
    assert header.is_whole is (depth <= 64)
    assert header.is_broken is bool(header.fault) is (depth > 64)


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
