import pytest

from pacsd.dicom.header_writer import MAX_SHORT_LENGTH, encode_header, encode_item_header
from pacsd.dicom.headers import ITEM, UNDEFINED_LENGTH, layout_of, read_header
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.vr import VR
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG], ids=lambda each: each.keyword)
@pytest.mark.parametrize("vr", VR)
def test_a_header_reads_as_it_was_written(syntax: TransferSyntax, vr: VR) -> None:
    layout = layout_of(syntax)
    written = encode_header(layout, 0x00091234, vr, MAX_SHORT_LENGTH)
    header = read_header(written, 0, layout, len(written))
    assert header is not None
    assert header.vr == (None if syntax.is_implicit_vr else vr)
    assert (header.tag, header.start, header.length) == (0x00091234, len(written), MAX_SHORT_LENGTH)


def test_items_have_no_vr() -> None:
    little = bytes.fromhex("feff 00e0 ffffffff")
    assert encode_item_header(layout_of(EXPLICIT), ITEM, UNDEFINED_LENGTH) == little
    big = bytes.fromhex("fffe e000 00000002")
    assert encode_item_header(layout_of(BIG), ITEM, 2) == big
