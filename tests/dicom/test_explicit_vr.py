import pytest

from pacsd.dicom.explicit_vr import (
    BITS_ALLOCATED,
    PIXEL_REPRESENTATION,
    WAVEFORM_BITS_ALLOCATED,
    Surroundings,
    explicit_vr,
    pixel_vr,
)

LUT_DESCRIPTOR = 0x00283002
PIXEL_DATA = 0x7FE00010
WAVEFORM_DATA = 0x54001010


def knowing(tag: int, value: int) -> Surroundings:
    surroundings = Surroundings()
    surroundings.learn(tag, value)
    return surroundings


@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x00100010, "PN"),
        (0x00280010, "US"),
        (0x00081140, "SQ"),
        (0x00090010, "LO"),  # Private Creator
        (0x00091010, "UN"),
        (0x00080099, "UN"),
        (LUT_DESCRIPTOR, "US"),
        (PIXEL_DATA, "OW"),
        (WAVEFORM_DATA, "OW"),
        (0x60003000, "OW"),
        (0x50003000, "OW"),
        (0x00283006, "OW"),
        (0x00281200, "OW"),
    ],
)
def test_of_a_data_set_of_which_nothing_is_known(tag: int, vr: str) -> None:
    assert explicit_vr(tag, Surroundings()) == vr


@pytest.mark.parametrize(("value", "vr"), [(0, "US"), (1, "SS"), (7, "US")])
def test_pixel_representation_tells_signed_from_unsigned(value: int, vr: str) -> None:
    assert explicit_vr(LUT_DESCRIPTOR, knowing(PIXEL_REPRESENTATION, value)) == vr


@pytest.mark.parametrize(("bits", "vr"), [(1, "OB"), (8, "OB"), (9, "OW"), (16, "OW"), (32, "OW")])
def test_bits_allocated_tell_bytes_from_words(bits: int, vr: str) -> None:
    assert explicit_vr(PIXEL_DATA, knowing(BITS_ALLOCATED, bits)) == vr
    assert explicit_vr(WAVEFORM_DATA, knowing(WAVEFORM_BITS_ALLOCATED, bits)) == vr
    assert explicit_vr(WAVEFORM_DATA, knowing(BITS_ALLOCATED, bits)) == "OW"
    assert explicit_vr(0x60003000, knowing(BITS_ALLOCATED, bits)) == "OW"


def test_an_item_has_its_own_or_that_of_what_is_around_it() -> None:
    image = knowing(PIXEL_REPRESENTATION, 1)
    item = Surroundings(Surroundings(image))
    assert explicit_vr(LUT_DESCRIPTOR, item) == "SS"
    item.learn(PIXEL_REPRESENTATION, 0)
    assert explicit_vr(LUT_DESCRIPTOR, item) == "US"
    assert explicit_vr(LUT_DESCRIPTOR, image) == "SS"


def test_pixels_of_more_than_a_byte_are_no_bytes() -> None:
    assert pixel_vr("OB", knowing(BITS_ALLOCATED, 16)) == "OW"
    assert pixel_vr("OB", knowing(BITS_ALLOCATED, 8)) == "OB"
    assert pixel_vr("OW", knowing(BITS_ALLOCATED, 8)) == "OW"
    assert pixel_vr("OB", Surroundings()) == "OB"
    assert pixel_vr("UN", knowing(BITS_ALLOCATED, 16)) == "UN"
