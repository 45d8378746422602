import anyio
import pytest

from pacsd.dimse.commands import Priority
from pacsd.net.turns import Turns


async def test_so_many_at_once_and_those_of_higher_priority_first() -> None:
    turns, order = Turns(1), list[str]()
    first_may_go = anyio.Event()

    async def take(name: str, priority: Priority, *, waits: bool = False) -> None:
        async with turns.turn(priority):
            order.append(name)
            if waits:
                await first_may_go.wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: take("first", Priority.LOW, waits=True))
        await anyio.wait_all_tasks_blocked()
        for name, priority in (
            ("low", Priority.LOW),
            ("medium 1", Priority.MEDIUM),
            ("medium 2", Priority.MEDIUM),
            ("high", Priority.HIGH),
        ):
            tasks.start_soon(take, name, priority)
            await anyio.wait_all_tasks_blocked()
        assert order == ["first"]
        first_may_go.set()
    assert order == ["first", "high", "medium 1", "medium 2", "low"]


async def test_who_gives_up_waiting_takes_no_turn() -> None:
    turns = Turns(1)
    async with turns.turn(Priority.MEDIUM):
        with anyio.move_on_after(0):
            async with turns.turn(Priority.HIGH):
                pytest.fail("two at once")
    with anyio.fail_after(30):
        async with turns.turn(Priority.LOW):
            pass


async def test_a_turn_that_comes_with_the_cancellation_goes_to_the_next() -> None:
    turns, taken = Turns(1), list[str]()

    async def take(scope: anyio.CancelScope, name: str) -> None:
        with scope:
            async with turns.turn(Priority.MEDIUM):
                taken.append(name)

    async with anyio.create_task_group() as tasks:
        scope = anyio.CancelScope()
        async with turns.turn(Priority.MEDIUM):
            tasks.start_soon(take, scope, "cancelled")
            tasks.start_soon(take, anyio.CancelScope(), "next")
            await anyio.wait_all_tasks_blocked()
        scope.cancel()
    assert taken[-1] == "next"
