import anyio
import pytest

from pacsd.archive.handover import Handover


class Taker:
    """Is busy with each number until it is let go."""

    def __init__(self, handover: Handover[int]) -> None:
        self.taken: list[int] = []
        self.gate = anyio.Event()
        self._handover = handover

    async def run(self) -> None:
        while (number := await self._handover.take()) is not None:
            self.taken.append(number)
            await self.gate.wait()


async def test_everything_is_taken_in_order() -> None:
    handover = Handover[int]()
    taker = Taker(handover)
    taker.gate.set()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(taker.run)
        for number in range(5):
            await handover.give(number)
        handover.close()
    assert taker.taken == [0, 1, 2, 3, 4]


async def test_while_the_taker_is_busy_the_giver_waits() -> None:
    handover, given = Handover[int](), list[int]()
    taker = Taker(handover)

    async def give() -> None:
        for number in range(3):
            await handover.give(number)
            given.append(number)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(taker.run)
        tasks.start_soon(give)
        await anyio.wait_all_tasks_blocked()
        assert (taker.taken, given) == ([0], [0])
        taker.gate.set()
        await anyio.wait_all_tasks_blocked()
        assert (taker.taken, given) == ([0, 1, 2], [0, 1, 2])
        handover.close()


async def test_what_was_given_before_the_end_is_taken() -> None:
    handover = Handover[int]()
    async with anyio.create_task_group() as tasks:
        taken: list[int | None] = []

        async def take_two() -> None:
            taken.append(await handover.take())
            taken.append(await handover.take())

        tasks.start_soon(take_two)
        await anyio.wait_all_tasks_blocked()
        await handover.give(1)
        handover.close()
    assert taken == [1, None]


async def test_nobody_gives_to_a_taker_that_is_gone() -> None:
    handover = Handover[int]()

    async def give() -> None:
        with pytest.raises(anyio.BrokenResourceError):
            await handover.give(1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(give)
        await anyio.wait_all_tasks_blocked()
        handover.close()
