"""Two lists in the order of their keys, gone through together."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TypeVar

Left = TypeVar("Left")
Right = TypeVar("Right")


async def side_by_side(
    lefts: AsyncIterator[Left],
    rights: AsyncIterator[Right],
    key_of_left: Callable[[Left], str],
    key_of_right: Callable[[Right], str],
) -> AsyncGenerator[tuple[Left | None, Right | None], None]:
    """Yield those of the same key together, the others alone; each once, by rising key.

    Where an order is not that of the keys, some of a pair come alone: whoever acts on that looks
    again first.
    """
    left, right = await anext(lefts, None), await anext(rights, None)
    while left is not None or right is not None:
        if right is None or (left is not None and key_of_left(left) < key_of_right(right)):
            yield left, None
            left = await anext(lefts, None)
        elif left is None or key_of_left(left) > key_of_right(right):
            yield None, right
            right = await anext(rights, None)
        else:
            yield left, right
            left, right = await anext(lefts, None), await anext(rights, None)
