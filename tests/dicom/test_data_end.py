import pytest

from pacsd.dicom.data_end import TAIL_BYTES, DataEnd
from pacsd.dicom.header_stream import HeaderStream
from pacsd.dicom.headers import layout_of
from pacsd.dicom.registry import TransferSyntax
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT, element, item, known, sequence

JPEG = known("1.2.840.10008.1.2.4.50")
PIXEL_DATA, PADDING, SIGNATURES = 0x7FE00010, 0xFFFCFFFC, 0xFFFAFFFA
NAME, CODES = 0x00100010, 0x00400275
MANY = 100 * TAIL_BYTES


def is_cut(data: bytes, syntax: TransferSyntax, size: int = MANY) -> bool:
    """Of a data set that comes in fragments of `size` bytes; their memory is used again."""
    stream, end = HeaderStream(syntax), None
    for start in range(0, len(data), size):
        fragment = bytearray(data[start : start + size])
        if end is not None:
            end.feed(fragment)
        stream.feed(fragment)
        if end is None and stream.stopped_at is not None:
            end = DataEnd(stream.stopped_at, stream.ahead, layout_of(syntax), syntax)
        fragment[:] = bytes(len(fragment))
    stream.end()
    assert stream.stopped_at is not None
    end = end or DataEnd(stream.stopped_at, stream.ahead, layout_of(syntax), syntax)
    return end.is_cut(len(data))


def name(syntax: TransferSyntax = EXPLICIT) -> bytes:
    return element(NAME, "PN", b"Doe^J ", syntax)


def encapsulated(*fragments: bytes) -> bytes:
    """Behind a sequence with a delimiter of its own."""
    before = sequence(CODES, item(b""), is_undefined=True)
    items = b"".join(item(each) for each in (b"", *fragments))
    return before + sequence(PIXEL_DATA, items, vr="OB", is_undefined=True)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
@pytest.mark.parametrize("missing", [0, 1, 2, 50, 100])
def test_native_pixel_data(syntax: TransferSyntax, missing: int) -> None:
    data = name(syntax) + element(PIXEL_DATA, "OW", bytes(100), syntax)
    assert is_cut(data[: len(data) - missing], syntax) == (missing > 1)


@pytest.mark.parametrize("came", [97, 98, 99, 100])
def test_native_pixel_data_of_odd_length(came: int) -> None:
    data = name() + element(PIXEL_DATA, "OB", bytes(came), length=99)
    assert is_cut(data, EXPLICIT) == (came < 98)


def test_of_native_pixel_data_no_byte_is_asked_for() -> None:
    stream = HeaderStream(EXPLICIT)
    stream.feed(name() + element(PIXEL_DATA, "OW", b"", length=1 << 31))
    assert stream.stopped_at is not None
    end = DataEnd(stream.stopped_at, stream.ahead, layout_of(EXPLICIT), EXPLICIT)
    assert not end.wants_bytes
    end.feed(b"not kept")
    assert end.is_cut(1000)


def test_elements_behind_native_pixel_data() -> None:
    data = name() + element(PIXEL_DATA, "OW", bytes(100)) + element(PADDING, "OB", bytes(50))
    assert not is_cut(data, EXPLICIT)


@pytest.mark.parametrize("size", [1, 7, 100, MANY])
def test_encapsulated_pixel_data(size: int) -> None:
    whole = encapsulated(b"JPEG" * 10, b"JPEG" * 5)
    assert not is_cut(whole, JPEG, size)
    for missing in (1, 4, 7, 8, 9, 20, 28, 29, 60, 90):
        assert is_cut(whole[:-missing], JPEG, size), missing


@pytest.mark.parametrize("size", [1000, TAIL_BYTES, TAIL_BYTES + 1, MANY])
def test_a_long_fragment(size: int) -> None:
    whole = encapsulated(b"JPEG" * TAIL_BYTES)
    assert not is_cut(whole, JPEG, size)
    assert is_cut(whole[:-1000], JPEG, size)


SIGNED = {
    "padding": element(PADDING, "OB", bytes(500)),
    "signatures": sequence(SIGNATURES, item(name()) * 2),
    "signatures with an end": sequence(SIGNATURES, item(name()), is_undefined=True),
    "signatures that hold sequences with an end": sequence(
        SIGNATURES, item(sequence(CODES, item(b""), is_undefined=True) + name()) * 2
    ),
    "both": sequence(SIGNATURES, item(name())) + element(PADDING, "OB", bytes(50)),
    "bytes that are no header": bytes(3),
}


@pytest.mark.parametrize("behind", SIGNED.values(), ids=SIGNED.keys())
@pytest.mark.parametrize("size", [100, MANY])
def test_what_stands_behind_encapsulated_pixel_data(behind: bytes, size: int) -> None:
    assert not is_cut(encapsulated(b"JPEG" * 10) + behind, JPEG, size)


def test_a_cut_behind_encapsulated_pixel_data() -> None:
    assert is_cut(encapsulated(b"JPEG") + element(PADDING, "OB", bytes(400), length=500), JPEG)


def test_more_behind_it_than_is_looked_at_passes_for_a_cut() -> None:
    whole = encapsulated(b"JPEG") + element(PADDING, "OB", bytes(TAIL_BYTES))
    assert is_cut(whole, JPEG)


def test_a_delimiter_with_a_length_is_one() -> None:
    assert not is_cut(encapsulated(b"JPEG")[:-4] + b"\x02\0\0\0", JPEG)


def test_an_extended_offset_table_before_it() -> None:
    table = element(0x7FE00001, "OV", bytes(8)) + element(0x7FE00002, "OV", bytes(8))
    pixels = sequence(PIXEL_DATA, item(b"") + item(b"JPEG" * 10), vr="OB", is_undefined=True)
    whole = name() + table + pixels
    assert not is_cut(whole, JPEG)
    assert is_cut(whole[:-20], JPEG)
    assert is_cut(name() + table[:15], JPEG)


def test_big_endian_of_undefined_length() -> None:
    whole = name(BIG) + sequence(SIGNATURES, item(b"", BIG), BIG, is_undefined=True)
    assert not is_cut(whole, BIG)
    assert is_cut(whole[:-8], BIG)
