import struct
import warnings
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.multival import MultiValue

from pacsd.dicom.charset import character_set
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.scan import scan
from pacsd.dicom.values import (
    NUMBER_CODES,
    parse_date,
    parse_date_time,
    parse_decimal,
    parse_integer,
    parse_time,
    parse_utc_offset,
    read_numbers,
    read_tags,
    read_texts,
    read_values,
)
from pacsd.dicom.vr import VR
from tests.dicom.corpus import objects


@pytest.mark.parametrize(
    ("vr", "raw", "values"),
    [
        ("UI", b"1.2.840\0", ("1.2.840",)),
        ("UI", b"1.2\\1.3\0", ("1.2", "1.3")),
        ("CS", b"ORIGINAL\\PRIMARY\\ ", ("ORIGINAL", "PRIMARY", "")),
        ("LO", b" padded \\ ", ("padded", "")),
        ("LT", b" a\\b ", (" a\\b",)),
        ("UT", b" \r\n ", (" \r\n",)),
        ("PN", b"Doe^Jane ", ("Doe^Jane",)),
        ("UC", b" a \\b", (" a", "b")),
        ("AE", b" TITLE ", ("TITLE",)),
        ("LO", b"", ()),
        ("LO", b"  ", ()),
        ("LO", b"\\", ("", "")),
        ("US", b"\x01\x02\x03\x04", (0x0201, 0x0403)),
        ("SS", b"\xff\xff", (-1,)),
        ("UL", b"\x01\0\0\0\x02", (1,)),
        ("AT", b"\x10\0\x20\0", (0x00100020,)),
        ("OB", b"\0\1", (b"\0\1",)),
        ("UN", b"\0\1", (b"\0\1",)),
        ("OB", b"", ()),
    ],
)
def test_values_of_a_field(vr: str, raw: bytes, values: tuple[object, ...]) -> None:
    assert read_values(raw, vr) == values
    assert read_values(memoryview(raw), vr) == values


def test_values_in_their_character_set() -> None:
    latin = character_set(b"ISO_IR 100")
    assert read_values(b"\xe9 ", VR.LO, latin) == ("é",)
    assert read_values(b"\xe9 ", VR.PN, character_set(b"ISO_IR 144")) == ("щ",)
    # Specific Character Set does not change these (PS3.5 section 6.1.2.2).
    assert read_values(b"\xe9 ", VR.CS, character_set(b"ISO_IR 144")) == ("é",)


@given(st.sampled_from(sorted(NUMBER_CODES)), st.booleans(), st.data())
def test_numbers_round_trip(vr: str, is_little: bool, data: st.DataObject) -> None:
    code = NUMBER_CODES[VR(vr)]
    bits = 8 * struct.calcsize("<" + code)
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if code.islower() else (0, (1 << bits) - 1)
    each = st.floats(width=32) if code in "fd" else st.integers(low, high)
    values = data.draw(st.lists(each.filter(lambda value: value == value), max_size=5))  # noqa: PLR0124
    raw = struct.pack(f"{'<' if is_little else '>'}{len(values)}{code}", *values)
    assert read_numbers(raw, vr, is_little_endian=is_little) == tuple(values)
    assert read_numbers(raw + b"\0", vr, is_little_endian=is_little)[: len(values)] == tuple(values)


@given(st.lists(st.integers(0, 0xFFFFFFFF), max_size=4))
def test_tags_round_trip(tags: list[int]) -> None:
    for order, is_little in (("<", True), (">", False)):
        raw = b"".join(struct.pack(order + "HH", tag >> 16, tag & 0xFFFF) for tag in tags)
        assert read_tags(raw, is_little_endian=is_little) == tuple(tags)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261123", date(2026, 11, 23)),
        ("2026.11.23", date(2026, 11, 23)),
        ("2026-11-23", date(2026, 11, 23)),
        ("20261123 ", date(2026, 11, 23)),
        ("20260229", None),
        ("00000000", None),
        ("2026112", None),
        ("2026.1123", None),
        ("\uff120261123", None),
        ("20261123-", None),
        ("", None),
    ],
)
def test_dates(text: str, expected: date | None) -> None:
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10", time(10)),
        ("1030", time(10, 30)),
        ("103015", time(10, 30, 15)),
        ("103015.5", time(10, 30, 15, 500_000)),
        ("103015.000001 ", time(10, 30, 15, 1)),
        ("10:30:15.25", time(10, 30, 15, 250_000)),
        ("235960", time(23, 59, 59)),
        ("240000", None),
        ("1060", None),
        ("103061", None),
        ("103015.1234567", None),
        ("1", None),
        ("", None),
    ],
)
def test_times(text: str, expected: time | None) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026", (2026, 1, 1)),
        ("202611", (2026, 11, 1)),
        ("20261123103015.5", (2026, 11, 23, 10, 30, 15, 500_000)),
        ("20261123103015.5+0130", (2026, 11, 23, 10, 30, 15, 500_000, timedelta(minutes=90))),
        ("2026-0500", (2026, 1, 1, 0, 0, 0, 0, timedelta(hours=-5))),
        ("20261131", None),
        ("20261", None),
        ("", None),
    ],
)
def test_date_times(text: str, expected: tuple[int | timedelta, ...] | None) -> None:
    found = parse_date_time(text)
    if expected is None:
        assert found is None
        return
    *parts, last = expected
    zone = timezone(last) if isinstance(last, timedelta) else None
    numbers = [part for part in expected if isinstance(part, int)]
    assert found == datetime(*numbers, tzinfo=zone)  # type: ignore[arg-type,misc]
    assert found.utcoffset() == (last if isinstance(last, timedelta) else None)
    assert len(parts) < 8


def test_offsets_from_utc() -> None:
    assert parse_utc_offset("-0330") == timezone(timedelta(hours=-3, minutes=-30))
    assert parse_utc_offset("+0000 ") == UTC
    assert parse_utc_offset("+9900") == UTC
    assert parse_utc_offset("CET") == UTC


@pytest.mark.parametrize(
    ("text", "integer", "decimal"),
    [
        ("12", 12, Decimal(12)),
        (" -7 ", -7, Decimal(-7)),
        ("+3", 3, Decimal(3)),
        ("2.0", 2, Decimal("2.0")),
        ("2.5", None, Decimal("2.5")),
        ("1e3", 1000, Decimal("1e3")),
        ("1E-300", None, Decimal("1E-300")),
        (".5", None, Decimal("0.5")),
        ("5.", 5, Decimal(5)),
        ("1e9999", None, Decimal("1e9999")),
        ("NaN", None, None),
        ("1_000", None, None),
        ("٣", None, None),
        ("0x10", None, None),
        ("", None, None),
        ("9" * 30, None, Decimal("9" * 30)),
        ("9" * 1_000_001, None, None),
        ("0." + "0" * 100, None, None),
    ],
)
def test_numbers_in_text(text: str, integer: int | None, decimal: Decimal | None) -> None:
    assert parse_integer(text) == integer
    assert parse_decimal(text) == decimal


@given(st.text(max_size=30))
def test_parsers_never_raise(text: str) -> None:
    for parse in (parse_date, parse_time, parse_date_time, parse_utc_offset, parse_integer):
        parse(text)
    parse_decimal(text)


# VRs whose values pydicom gives without another opinion on padding or numbers.
COMPARED = {
    VR.UI,
    VR.CS,
    VR.SH,
    VR.AE,
    VR.DA,
    VR.TM,
    VR.US,
    VR.SS,
    VR.UL,
    VR.SL,
    VR.FL,
    VR.FD,
    VR.AT,
}


def test_every_object_of_the_corpus_has_pydicoms_values() -> None:
    compared = 0
    for each in objects():
        found = scan(each.inflated, each.syntax, stop_before=0x7FE00010)
        charset = character_set(found.value(each.inflated, 0x00080005) or b"")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ds = each.as_pydicom_reads()
            for tag, element in found.elements.items():
                vr = element.vr or vr_of(tag)
                if vr not in COMPARED or tag not in ds or vr != ds[tag].VR:
                    continue
                value = ds[tag].value
                listed = list(value) if isinstance(value, MultiValue | list) else [value]
                # pydicom leaves the padding of all values but the last.
                bare = (one.strip(" \0") if isinstance(one, str) else one for one in listed)
                theirs = [one for one in bare if one not in {None, ""}]
                raw = found.value(each.inflated, tag) or b""
                mine = read_values(raw, vr, charset, is_little_endian=each.syntax.is_little_endian)
                assert [one for one in mine if one != ""] == theirs, (each.path, hex(tag))
                compared += 1
    assert compared > 5_000


def test_texts_of_padding_alone_are_no_values() -> None:
    assert read_texts(b" \0", VR.SH) == ()
    assert read_texts(b"\\ ", VR.SH) == ("", "")
