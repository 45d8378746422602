import asyncio

import anyio
import pytest
from pacsd_s3_client.faults import FarError, FarFault
from pacsd_store_s3.backoff import Backoff
from pacsd_store_s3.line import Turn, WaitingLine

DOWN = FarError(FarFault.DOWN, "down")
REFUSED = FarError(FarFault.REFUSED, "refused")


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(clock: Clock) -> WaitingLine:
    backoff = Backoff(10, 40, fraction=lambda: 1.0)
    return WaitingLine(while_down=backoff, when_refused=backoff, clock=clock)


async def take(line: WaitingLine) -> Turn | None:
    """The turn there is now."""
    return await line.take() if not line._wait_s() else None


async def taken(line: WaitingLine) -> Turn:
    turn = await take(line)
    assert turn is not None
    return turn


async def test_the_oldest_goes_first_and_the_urgent_before(line: WaitingLine) -> None:
    for key in ("a", "b", "c"):
        line.join(key)
    line.join("c", is_urgent=True)
    line.join("c")
    assert [(await taken(line)).key for _ in range(3)] == ["c", "a", "b"]
    assert await take(line) is None


async def test_while_it_is_down_one_at_a_time_is_tried(line: WaitingLine, clock: Clock) -> None:
    for key in ("a", "b", "c"):
        line.join(key)
    first, second = await taken(line), await taken(line)
    line.give_back(first, DOWN)
    line.give_back(second, DOWN)
    assert line.outage is not None
    assert line.outage.why is DOWN
    assert await take(line) is None
    clock.now_s += 10
    # Failures of those that were under way together count once.
    third = await taken(line)
    assert third.key == "c"
    assert await take(line) is None
    line.give_back(third, DOWN)
    clock.now_s += 10
    assert await take(line) is None
    clock.now_s += 10
    line.give_back(await taken(line), None)
    assert line.outage is None
    assert [(await taken(line)).key for _ in range(2)] == ["b", "c"]


async def test_a_refused_object_holds_up_nobody(line: WaitingLine, clock: Clock) -> None:
    line.join("a")
    line.join("b")
    line.give_back(await taken(line), REFUSED)
    assert (line.refused, line.last_refusal, line.outage) == (1, REFUSED, None)
    assert (await taken(line)).key == "b"
    assert await take(line) is None
    clock.now_s += 10
    again = await taken(line)
    assert again.key == "a"
    line.give_back(again, REFUSED)
    clock.now_s += 10
    assert await take(line) is None
    clock.now_s += 10
    line.give_back(await taken(line), None)
    assert line.refused == 0


async def test_who_leaves_has_no_turn(line: WaitingLine) -> None:
    line.join("a")
    line.join("b", is_urgent=True)
    line.leave("a")
    line.relax("b")
    turn = await taken(line)
    assert turn.key == "b"
    line.give_up(turn)
    assert await take(line) is None


async def test_a_turn_is_waited_for(line: WaitingLine) -> None:
    await line.until_free("a")
    turns: list[str] = []

    async def work() -> None:
        turns.append((await line.take()).key)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work)
        await anyio.lowlevel.checkpoint()
        line.join("a")
    assert turns == ["a"]


async def test_one_who_waits_is_woken_for_each_object(line: WaitingLine) -> None:
    turns: list[str] = []

    async def work() -> None:
        while True:
            turns.append((await line.take()).key)

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(work)
        await anyio.wait_all_tasks_blocked()
        for key in ("a", "b", "c"):
            line.join(key)
            await anyio.wait_all_tasks_blocked()
        assert turns == ["a", "b", "c"]
        for key in ("d", "e"):
            line.join(key)
        await anyio.wait_all_tasks_blocked()
        assert turns[3:] == ["d", "e"]
        tasks.cancel_scope.cancel()


async def test_who_is_woken_and_leaves_wakes_the_next(line: WaitingLine) -> None:
    async with asyncio.TaskGroup() as tasks:
        stays, leaves = (tasks.create_task(line.take()) for _ in range(2))
        await anyio.wait_all_tasks_blocked()
        # The one who began to wait last is woken, and cancelled before it runs.
        line.join("a")
        leaves.cancel()
        with anyio.fail_after(30):
            assert (await stays).key == "a"
