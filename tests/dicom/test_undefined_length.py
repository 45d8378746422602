import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.errors import ScanError
from pacsd.dicom.headers import layout_of, read_header
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.undefined_length import UndefinedLength
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT, UNDEFINED, element, item, sequence

TAG = 0x00081115


def end_of(data: bytes, syntax: TransferSyntax, sizes: list[int]) -> int:
    """Where the first element's sequence ends, its bytes coming in pieces."""
    layout = layout_of(syntax)
    header = read_header(data, 0, layout, len(data))
    assert header is not None
    undefined, at, there = UndefinedLength(header, layout), header.start, header.start
    while not undefined.is_over:
        found = undefined.step(data[:there], at)
        if found is None:
            assert there < len(data)
            there += sizes.pop() if sizes else 1_000
        else:
            at = found + undefined.take_value()
    return at


@given(st.sampled_from([IMPLICIT, EXPLICIT, BIG]), st.lists(st.integers(1, 20)))
def test_it_ends_where_it_does(syntax: TransferSyntax, sizes: list[int]) -> None:
    value = element(0x00080060, "CS", b"CT", syntax)
    inner = sequence(TAG, item(value, syntax, is_undefined=True), syntax, is_undefined=True)
    items = item(value + inner, syntax, is_undefined=True) + item(inner, syntax) + item(b"", syntax)
    whole = sequence(TAG, items, syntax, is_undefined=True)
    assert end_of(whole + value, syntax, sizes) == len(whole)


def test_one_of_unknown_vr_is_in_implicit_vr() -> None:
    for syntax in (IMPLICIT, EXPLICIT):
        content = element(0x00080060, "CS", b"CT", syntax)
        items = item(content, syntax, is_undefined=True)
        end = sequence(TAG, b"", IMPLICIT, is_undefined=True)[8:]
        whole = element(0x00091001, "UN", items + end, EXPLICIT, UNDEFINED)
        assert end_of(whole, EXPLICIT, []) == len(whole)


def test_an_item_without_its_delimiter() -> None:
    header = item(element(0x00080060, "CS", b"CT"), is_undefined=True)[:-8]
    whole = sequence(TAG, header + header, is_undefined=True)
    assert end_of(whole, EXPLICIT, []) == len(whole)


def test_what_is_no_item_is_told() -> None:
    whole = sequence(TAG, element(0x00080060, "CS", b"CT"), is_undefined=True)
    with pytest.raises(ScanError, match=r"\(0008,0060\) where no such element"):
        end_of(whole, EXPLICIT, [])


def test_how_deep_it_may_nest() -> None:
    nested = b""
    for _ in range(70):
        nested = sequence(TAG, item(nested, is_undefined=True), is_undefined=True)
    with pytest.raises(ScanError, match="too deep"):
        end_of(nested, EXPLICIT, [])
