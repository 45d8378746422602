import anyio
import pytest

from pacsd.app.plugins.beside import tasks_beside


async def test_tasks_end_with_the_block() -> None:
    ended = anyio.Event()

    async def lives() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    async with tasks_beside() as tasks:
        tasks.start_soon(lives)
        await anyio.wait_all_tasks_blocked()
    assert ended.is_set()


async def test_what_the_block_raises_is_raised_as_it_is() -> None:
    async def block() -> None:
        async with tasks_beside() as tasks:
            tasks.start_soon(anyio.sleep_forever)
            raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        await block()


async def test_what_a_task_raises_ends_the_block() -> None:
    async def fails() -> None:
        raise KeyError("x")

    async def block() -> None:
        async with tasks_beside() as tasks:
            tasks.start_soon(fails)
            await anyio.sleep_forever()

    with pytest.raises(ExceptionGroup) as raised:
        await block()
    assert raised.group_contains(KeyError)


async def test_being_cancelled_passes() -> None:
    with anyio.move_on_after(0.01) as scope:
        async with tasks_beside():
            await anyio.sleep_forever()
    assert scope.cancelled_caught
