import asyncio

import anyio
import anyio.lowlevel
import pytest

from pacsd.api.dispatch.eager import Call, TooLate, finish_within


async def begun(call: Call, seconds: float = 15.0) -> object:
    """What a call answers that waits at least once."""
    return await finish_within(call, call.send(None), seconds)


async def after_a_while(answer: object, times: int = 3) -> object:
    for _ in range(times):
        await asyncio.sleep(0)
    return answer


async def test_what_waits_is_waited_for() -> None:
    assert await begun(after_a_while(7)) == 7


async def test_what_waits_too_long_is_cancelled() -> None:
    ended: list[type[BaseException]] = []

    async def sleepy() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as cancelled:
            ended.append(type(cancelled))
            raise

    with pytest.raises(TooLate):
        await begun(sleepy(), 0.01)
    assert ended == [asyncio.CancelledError]


async def test_a_timeout_of_its_own_is_its_own() -> None:
    async def timid() -> None:
        await asyncio.sleep(0)
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await begun(timid())


@pytest.mark.parametrize("waits", [1, 2])
async def test_what_it_raises_is_raised(waits: int) -> None:
    async def fails() -> None:
        await after_a_while(None, waits)
        raise KeyError("x")

    with pytest.raises(KeyError):
        await begun(fails())


async def test_it_may_enter_scopes_before_it_waits_and_leave_them_after() -> None:
    async def scoped() -> str:
        with anyio.CancelScope():
            with anyio.move_on_after(15):
                await anyio.lowlevel.checkpoint()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(after_a_while, None)
        return "left"

    with anyio.CancelScope():
        assert await begun(scoped()) == "left"


async def test_a_late_one_within_scopes_of_its_own_is_cancelled() -> None:
    async def scoped() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep_forever)
            await anyio.sleep_forever()

    with pytest.raises(TooLate):
        await begun(scoped(), 0.01)
    await anyio.lowlevel.checkpoint()  # nothing of the scopes is left to this task


async def test_being_cancelled_reaches_it() -> None:
    with anyio.move_on_after(0.01) as scope:
        await begun(after_a_while(None, 10**9))
    assert scope.cancelled_caught
