"""Things of groups that come, taken by several at once."""

from collections.abc import AsyncIterator, Sequence

import anyio

from pacsd.net.one_by_one import OneByOne


async def groups(*sizes: int) -> AsyncIterator[Sequence[int]]:
    number = 0
    for size in sizes:
        await anyio.lowlevel.checkpoint()
        yield range(number, number + size)
        number += size


async def test_each_is_taken_once_and_in_order() -> None:
    things, taken = OneByOne(groups(3, 0, 1, 2)), list[int]()

    async def take() -> None:
        while (thing := await things.take()) is not None:
            taken.append(thing)
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(take)
    assert taken == list(range(6))


async def test_nothing_comes_of_no_group() -> None:
    things = OneByOne(groups())
    assert [await things.take(), await things.take()] == [None, None]


async def test_a_group_is_asked_for_when_the_last_one_is_taken() -> None:
    asked: list[int] = []

    async def counted() -> AsyncIterator[Sequence[int]]:
        for number in range(2):
            asked.append(number)
            yield (number, number)

    things = OneByOne(counted())
    await things.take()
    await things.take()
    assert asked == [0]
    await things.take()
    assert asked == [0, 1]


async def test_what_is_put_back_is_the_next_one_again() -> None:
    things = OneByOne(groups(3))
    first = await things.take()
    assert first == 0
    things.put_back(first)
    assert list(things.here) == [0, 1, 2]
    assert [await things.take() for _ in range(4)] == [0, 1, 2, None]
