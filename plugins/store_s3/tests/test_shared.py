import anyio
import pytest
from pacsd_store_s3.shared import Shared


async def test_of_many_who_ask_one_fetches() -> None:
    shared: Shared[str, int] = Shared(kept=1)
    fetched, may_end = [0], anyio.Event()
    got: list[int] = []

    async def fetch() -> int:
        fetched[0] += 1
        await may_end.wait()
        return 7

    async def ask() -> None:
        got.append(await shared.get("x", fetch))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        may_end.set()
    assert (fetched, got) == ([1], [7] * 5)
    await ask()
    assert fetched == [1]
    shared.forget("x")
    await ask()
    assert fetched == [2]


async def test_when_one_fails_the_next_one_fetches() -> None:
    shared: Shared[str, int] = Shared(kept=0)
    tries: list[str] = []

    async def fetch() -> int:
        tries.append("try")
        await anyio.lowlevel.checkpoint()
        if len(tries) == 1:
            raise OSError("broken")
        return 7

    async def ask_in_vain() -> None:
        with pytest.raises(OSError, match="broken"):
            await shared.get("x", fetch)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask_in_vain)
        await anyio.lowlevel.checkpoint()
        assert await shared.get("x", fetch) == 7
    assert len(tries) == 2
