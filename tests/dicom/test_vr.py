import pytest
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, MAX_VALUE_LEN, STR_VR
from pydicom.valuerep import VR as PYDICOM_VR

from pacsd.dicom.vr import VR, has_long_length, is_text, max_length, padding_byte

# pydicom also names the ambiguous ones of PS3.6, such as "US or SS".
STANDARD = {str(vr) for vr in PYDICOM_VR if len(vr) == 2}


def test_every_vr_of_the_standard_is_named() -> None:
    assert {str(vr) for vr in VR} == STANDARD


@pytest.mark.parametrize("vr", sorted(STANDARD))
def test_long_length_is_pydicoms(vr: str) -> None:
    assert has_long_length(vr) == (vr in EXPLICIT_VR_LENGTH_32)


@pytest.mark.parametrize("vr", sorted(STANDARD))
def test_text_is_pydicoms(vr: str) -> None:
    assert is_text(vr) == (vr in STR_VR)


@pytest.mark.parametrize("vr", sorted(MAX_VALUE_LEN))
def test_max_length_of_text_is_pydicoms(vr: str) -> None:
    # PS3.5 table 6.2-1 gives TM 14 bytes since 2014; pydicom's 16 is the form of ranges before.
    assert max_length(vr) == {**MAX_VALUE_LEN, "TM": 14}[vr]


@pytest.mark.parametrize(
    ("vr", "length"), [("FD", 8), ("US", 2), ("AT", 4), ("UV", 8), ("OB", None), ("UT", None)]
)
def test_max_length_of_the_rest(vr: str, length: int | None) -> None:
    assert max_length(vr) == length


def test_padding() -> None:
    assert padding_byte("LO") == b" "
    assert padding_byte(VR.UI) == b"\0"
    assert padding_byte("OB") == padding_byte("UN") == b"\0"


def test_unknown_letters_have_the_short_form() -> None:
    assert not has_long_length("ZZ")
    assert not is_text("ZZ")
    assert max_length("ZZ") is None
