import pytest

from pacsd.dicom.private import (
    creator_of,
    creator_tag,
    creator_tags,
    is_creator,
    private_tag,
)
from pacsd.dicom.scan import scan
from tests.dicom.written import EXPLICIT, element

DATA_SET = b"".join((
    element(0x00090010, "LO", b"SIEMENS CT VA0  COAD\0 "),
    element(0x00090011, "LO", b"ACME 1.1"),
    element(0x00091012, "DS", b"1 "),
    element(0x00091112, "DS", b"2 "),
    element(0x00091212, "DS", b"3 "),
    element(0x00100010, "PN", b"A^B "),
))  # fmt: skip
ELEMENTS = scan(DATA_SET, EXPLICIT).elements


@pytest.mark.parametrize(
    ("tag", "creator"),
    [
        (0x00091012, "SIEMENS CT VA0  COAD"),
        (0x00091112, "ACME 1.1"),
        (0x00091212, None),
        (0x00100010, None),
        (0x00090010, None),
    ],
)
def test_the_creator_of_an_element(tag: int, creator: str | None) -> None:
    assert creator_of(tag, ELEMENTS, DATA_SET) == creator


def test_the_element_of_a_creator() -> None:
    assert private_tag(0x0009, "ACME 1.1", 0x12, ELEMENTS, DATA_SET) == 0x00091112
    assert private_tag(0x0009, "ACME 1.2", 0x12, ELEMENTS, DATA_SET) is None
    assert private_tag(0x0019, "ACME 1.1", 0x12, ELEMENTS, DATA_SET) is None


def test_blocks_are_reserved_by_elements_10_to_ff() -> None:
    assert creator_tag(0x00091012) == 0x00090010
    assert creator_tag(0x0009FF12) == 0x000900FF
    assert creator_tag(0x00090F12) is None
    assert creator_tag(0x00081012) is None
    tags = creator_tags(0x0009)
    assert min(tags) == 0x00090010
    assert max(tags) == 0x000900FF
    assert len(tags) == 240


@pytest.mark.parametrize(
    ("tag", "is_one"),
    [
        (0x00090010, True),
        (0x000900FF, True),
        (0x0009000F, False),
        (0x00091001, False),
        (0x00080010, False),
    ],
)
def test_what_reserves_a_block(tag: int, *, is_one: bool) -> None:
    assert is_creator(tag) is is_one
