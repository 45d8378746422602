from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from pacsd.archive.side_by_side import side_by_side


async def each(keys: list[str]) -> AsyncIterator[str]:
    for key in keys:
        yield key


async def pairs(lefts: list[str], rights: list[str]) -> list[tuple[str | None, str | None]]:
    return [pair async for pair in side_by_side(each(lefts), each(rights), str, str)]


async def test_equal_keys_come_together_others_alone() -> None:
    assert await pairs(["a", "c", "d"], ["b", "c", "e"]) == [
        ("a", None),
        (None, "b"),
        ("c", "c"),
        ("d", None),
        (None, "e"),
    ]


async def test_a_key_twice_on_one_side_comes_alone_the_second_time() -> None:
    assert await pairs(["a"], ["a", "a"]) == [("a", "a"), (None, "a")]


@given(st.sets(st.text()), st.sets(st.text()))
async def test_each_comes_once_and_pairs_are_those_in_both(
    lefts: set[str], rights: set[str]
) -> None:
    found = await pairs(sorted(lefts), sorted(rights))
    assert [left for left, _ in found if left is not None] == sorted(lefts)
    assert [right for _, right in found if right is not None] == sorted(rights)
    assert {left for left, right in found if left == right} == lefts & rights


@given(st.lists(st.text()), st.lists(st.text()))
async def test_in_another_order_each_still_comes_once(lefts: list[str], rights: list[str]) -> None:
    found = await pairs(lefts, rights)
    assert [left for left, _ in found if left is not None] == lefts
    assert [right for _, right in found if right is not None] == rights
