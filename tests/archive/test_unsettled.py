from collections.abc import Sequence

import anyio
import pytest

from pacsd.api.store import Location
from pacsd.archive.unsettled import Unsettled
from pacsd.index.errors import IndexFault
from pacsd.testing.memory_register import MemoryRegister

FILES = [Location("memory", str(number), 0) for number in range(3)]


class Removals:
    def __init__(self) -> None:
        self.asked: list[Location] = []
        self.gate = anyio.Event()
        self.gate.set()

    async def __call__(self, locations: Sequence[Location]) -> None:
        await self.gate.wait()
        self.asked += locations


async def test_nothing_is_asked_where_nothing_failed() -> None:
    register, removals = MemoryRegister(), Removals()
    register.is_failing = True
    await Unsettled(register, removals).settle()
    assert (register.settled, removals.asked) == ([], [])


async def test_files_are_removed_once_and_only_after_a_commit() -> None:
    register, removals = MemoryRegister(), Removals()
    tested = Unsettled(register, removals)
    tested.add(FILES)
    register.is_failing = True
    with pytest.raises(IndexFault):
        await tested.settle()
    assert removals.asked == []
    register.is_failing = False
    await tested.settle()
    await tested.settle()
    assert (register.settled, removals.asked) == ([3], FILES)


async def test_whoever_comes_meanwhile_waits() -> None:
    register, removals = MemoryRegister(), Removals()
    tested = Unsettled(register, removals)
    tested.add(FILES[:2])
    removals.gate = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tested.settle)
        tasks.start_soon(tested.settle)
        await anyio.wait_all_tasks_blocked()
        tested.add(FILES[2:])
        removals.gate.set()
    assert removals.asked == FILES
    assert register.settled == [2, 1]
