from typing import Any

import pytest

from pacsd.dicom.errors import NativeModelError
from pacsd.dicom.private_blocks import PrivateAttribute, with_blocks


def creator(name: object) -> dict[str, Any]:
    return {"vr": "LO", "Value": [name]}


def private(tag: int, name: str, said: object = "x") -> PrivateAttribute:
    return PrivateAttribute("there", tag, name, said)


def test_the_first_free_block_is_reserved() -> None:
    needed = [private(0x00090001, "B"), private(0x00090001, "A"), private(0x000900FF, "B")]
    assert with_blocks({}, needed) == {
        0x00090010: creator("B"),
        0x00091001: "x",
        0x00090011: creator("A"),
        0x00091101: "x",
        0x000910FF: "x",
    }


def test_a_creator_has_a_block_in_each_group() -> None:
    placed = with_blocks({}, [private(0x00090001, "A"), private(0x000B0001, "A")])
    assert set(placed) == {0x00090010, 0x00091001, 0x000B0010, 0x000B1001}


def test_a_block_that_is_reserved_is_used() -> None:
    there = {0x00090033: creator("A "), 0x00100020: "id"}
    placed = with_blocks(there, [private(0x00090001, "A")])
    assert placed == there | {0x00093301: "x"}
    assert set(there) == {0x00090033, 0x00100020}


def test_a_block_that_the_tag_names_counts_for_nothing() -> None:
    assert set(with_blocks({}, [private(0x00091201, "A")])) == {0x00090010, 0x00091001}


@pytest.mark.parametrize(
    "taken",
    [
        {0x00091001: "of nobody"},
        {0x00090010: creator("B")},
        {0x00090010: {"vr": "UN", "InlineBinary": "QQ=="}},
        {0x00090010: creator(None)},
        {0x00090010: creator({"Alphabetic": "A"})},
        {0x00090010: {"vr": "LO", "Value": "A"}},
        {0x00090010: 7},
    ],
)
def test_a_block_that_is_taken_is_not(taken: dict[int, object]) -> None:
    placed = with_blocks(taken, [private(0x00090001, "A")])
    assert placed == taken | {0x00090011: creator("A"), 0x00091101: "x"}


def test_w12_an_attribute_stands_there_once() -> None:
    with pytest.raises(NativeModelError, match="there: stands twice in a data set"):
        with_blocks({}, [private(0x00090001, "A")] * 2)
    there = {0x00090010: creator("A"), 0x00091001: "x"}
    with pytest.raises(NativeModelError, match="there: stands twice in a data set"):
        with_blocks(there, [private(0x00090001, "A")])


def test_w12_blocks_come_to_an_end() -> None:
    many = [private(0x00090001, f"A{number}") for number in range(240)]
    assert max(with_blocks({}, many)) == 0x0009FF01
    with pytest.raises(NativeModelError, match=r"no block of group 0009 is left for 'B\\n'"):
        with_blocks({}, [*many, private(0x00090001, "B\n")])
