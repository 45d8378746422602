from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.level import Level
from pacsd.index.attributes import TAGS
from pacsd.index.overlay_records import Correction
from pacsd.index.packing import (
    pack_attributes,
    pack_coercions,
    pack_extras,
    unpack_attributes,
    unpack_coercions,
    unpack_extras,
)
from pacsd.index.text import storable


@given(st.dictionaries(st.sampled_from(sorted(TAGS)), st.text(max_size=50)))
def test_attributes_come_back(attributes: dict[int, str]) -> None:
    expected = {tag: storable(value) for tag, value in attributes.items() if value}
    assert unpack_attributes(pack_attributes(attributes)) == expected


@given(st.dictionaries(st.integers(0, 1 << 62), st.text(max_size=50)))
def test_extras_come_back(extras: dict[int, str]) -> None:
    expected = {tag: storable(value) for tag, value in extras.items()}
    assert unpack_extras(pack_extras(extras)) == expected


def test_only_what_is_indexed_is_packed() -> None:
    assert pack_attributes({0x00080060: "CT", 0x00181160: "FILTER", 0x00100040: ""}) == (
        '{"00080060":"CT"}'
    )


def test_what_is_packed_is_plain_ascii() -> None:
    assert pack_attributes({0x00100010: "Doë"}) == '{"00100010":"Do\\u00eb"}'


def test_coercions_come_back() -> None:
    coercions = (
        Correction(Level.INSTANCE, "1.2", 0x00081030, "Schädel", "tidy", "order 7", 5, b"digest"),
        Correction(Level.INSTANCE, "1.2", 0x00100010, "", "tidy", "anonymous", 6, b"digest"),
    )
    assert unpack_coercions(pack_coercions(coercions)) == coercions
    assert pack_coercions(()) == ""
    assert unpack_coercions("") == ()
