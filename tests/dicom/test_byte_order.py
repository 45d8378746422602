import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.byte_order import Swapper, swap, unit_bytes
from pacsd.dicom.vr import VR, is_text


@pytest.mark.parametrize(
    ("vr", "expected"),
    [("US", 2), ("OW", 2), ("AT", 2), ("FL", 4), ("OL", 4), ("FD", 8), ("OV", 8), ("SV", 8)],
)
def test_numbers_have_the_units_of_their_vr(vr: str, expected: int) -> None:
    assert unit_bytes(vr) == expected


def test_what_is_no_number_has_no_byte_order() -> None:
    others = [vr for vr in VR if is_text(vr)] + [None, "OB", "UN", "SQ", "ZZ"]
    assert {unit_bytes(vr) for vr in others} == {1}


def test_units_are_turned_round_and_the_rest_is_left() -> None:
    assert swap(b"\1\2\3\4\5", 2) == b"\2\1\4\3\5"
    assert swap(b"\1\2\3\4\5", 4) == b"\4\3\2\1\5"
    assert swap(bytes(range(9)), 8) == bytes(range(7, -1, -1)) + b"\x08"
    assert swap(b"\1\2", 1) == b"\1\2"


@given(st.lists(st.binary(max_size=20)), st.sampled_from([1, 2, 4, 8]))
def test_parts_make_the_same_as_the_whole(parts: list[bytes], unit: int) -> None:
    swapper = Swapper(unit)
    swapped = b"".join(bytes(swapper.feed(part)) for part in parts) + swapper.finish()
    assert swapped == swap(b"".join(parts), unit)


def test_bytes_without_order_are_not_copied() -> None:
    data = memoryview(b"abc")
    assert Swapper(1).feed(data) is data
