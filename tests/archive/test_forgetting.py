from collections.abc import Awaitable, Callable

import anyio

from pacsd.archive.forgetting import IDLE_S, PAUSE_S, TOGETHER, Forgetting
from pacsd.index.errors import IndexFault
from tests.archive.small_archive import SmallArchive
from tests.archive.test_purge import Sleeps
from tests.index.made import SCOPE, new


class Told:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.faults: list[IndexFault] = []

    def forgetting_failed(self, fault: IndexFault) -> None:
        self.faults.append(fault)


async def run(archive: SmallArchive, sleeps: Sleeps, keep_us: int, now_us: int) -> Told:
    told = Told()
    sleep: Callable[[float], Awaitable[None]] = sleeps
    forgetting = Forgetting(
        archive.index, keep_us=keep_us, now_us=lambda: now_us, observer=told, sleep=sleep
    )
    with sleeps.scope:
        await forgetting.run()
    return told


async def count(archive: SmallArchive) -> int:
    return len((await archive.index.changes.page(SCOPE, limit=10_000)).changes)


async def test_what_is_old_goes_some_at_a_time(archive: SmallArchive) -> None:
    await archive.index.add([new(f"1.{number}") for number in range(TOGETHER + 3)])
    sleeps = Sleeps(2)
    told = await run(archive, sleeps, 1_000, 2**60)
    assert sleeps.slept == [PAUSE_S, IDLE_S]
    assert await count(archive) == 1
    assert told.faults == []


async def test_what_is_not_old_stays(archive: SmallArchive) -> None:
    await archive.index.add([new("1.1"), new("1.2")])
    sleeps = Sleeps(1)
    await run(archive, sleeps, 2**60, 2**60)
    assert (await count(archive), sleeps.slept) == (2, [IDLE_S])


async def test_a_fault_is_told_and_it_is_tried_again(archive: SmallArchive) -> None:
    await archive.index._threads.close()
    sleeps = Sleeps(2)
    told = await run(archive, sleeps, 1_000, 2**60)
    assert (len(told.faults), sleeps.slept) == (2, [IDLE_S, IDLE_S])


async def test_for_ever_means_never(archive: SmallArchive) -> None:
    await archive.index.add([new("1.1"), new("1.2")])
    forgetting = Forgetting(archive.index, keep_us=None, now_us=lambda: 2**60, observer=Told())
    with anyio.fail_after(15):
        await forgetting.run()
    assert await count(archive) == 2
