from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import StoreStatus
from pacsd.archive.curation import Curation
from pacsd.archive.purge import IDLE_S, PAUSE_S, TOGETHER, Purge
from pacsd.archive.state_records import StateRecordError
from pacsd.archive.stores import StoresTogether
from pacsd.index.deletion_records import Cause
from pacsd.index.errors import IndexFault
from pacsd.index.records import InstanceState
from tests.archive.small_archive import SCOPE, SmallArchive
from tests.archive.two_stores import FAST, SLOW, two_stores

KEEP_US = 1_000


class Told:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.instances: list[int] = []
        self.errors: list[StoreError | StateRecordError | IndexFault] = []

    def purged(self, instances: int) -> None:
        self.instances.append(instances)

    def purge_failed(self, error: StoreError | StateRecordError | IndexFault) -> None:
        self.errors.append(error)


class Sleeps:
    """So many sleeps, then it is cancelled."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.slept: list[float] = []
        self.scope = anyio.CancelScope()

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.left -= 1
        if not self.left:
            self.scope.cancel()
        await anyio.lowlevel.checkpoint()


async def run(
    archive: SmallArchive, told: Told, sleeps: Sleeps, now_us: Callable[[], int]
) -> Purge:
    sleep: Callable[[float], Awaitable[None]] = sleeps
    purge = Purge(archive.curation, keep_us=KEEP_US, now_us=now_us, observer=told, sleep=sleep)
    with sleeps.scope:
        await purge.run()
    return purge


async def test_what_was_deleted_long_enough_ago_goes(archive: SmallArchive) -> None:
    for uid in ("1.1", "1.2"):
        await archive.put(uid)
    await archive.curation.delete(SCOPE, ["1.1"], "admin", Cause(10))
    await archive.curation.delete(SCOPE, ["1.2"], "admin", Cause(11))
    told, sleeps = Told(), Sleeps(2)
    purge = await run(archive, told, sleeps, lambda: 11 + KEEP_US)
    assert [*archive.store.objects] == ["00000002"]
    assert told.instances == [purge.health().purged] == [1]
    assert sleeps.slept == [PAUSE_S, IDLE_S]


async def test_many_go_a_few_at_a_time_and_are_told_once(archive: SmallArchive) -> None:
    uids = [f"1.{number}" for number in range(TOGETHER + 3)]
    await archive.index.add([await archive.file(uid) for uid in uids])
    await archive.curation.delete(SCOPE, uids, "admin", Cause(10))
    told, sleeps = Told(), Sleeps(3)
    await run(archive, told, sleeps, lambda: 2**60)
    assert archive.store.objects == {}
    assert told.instances == [len(uids)]
    assert sleeps.slept == [PAUSE_S, PAUSE_S, IDLE_S]


async def test_what_fails_is_told_and_tried_again(archive: SmallArchive) -> None:
    await archive.put("1.1")
    await archive.curation.delete(SCOPE, ["1.1"], "admin", Cause(10))
    archive.store.errors["append"] = StoreError(StoreFault.NO_SPACE, "test")
    told, sleeps = Told(), Sleeps(2)
    await run(archive, told, sleeps, lambda: 2**60)
    assert len(told.errors) == 2
    assert sleeps.slept == [IDLE_S, IDLE_S]
    archive.store.errors.clear()
    await run(archive, told, Sleeps(1), lambda: 2**60)
    assert archive.store.objects == {}


async def test_a_file_that_its_store_did_not_remove_is_tried_again(archive: SmallArchive) -> None:
    await archive.put("1.1")
    await archive.curation.delete(SCOPE, ["1.1"], "admin", Cause(10))
    archive.store.errors["delete"] = StoreError(StoreFault.INPUT_OUTPUT, "test")
    told = Told()
    await run(archive, told, Sleeps(2), lambda: 2**60)
    assert (told.instances, told.errors, len(archive.store.objects)) == ([1], [], 1)
    archive.store.errors.clear()
    await run(archive, told, Sleeps(1), lambda: 2**60)
    assert archive.store.objects == {}


async def test_for_ever_means_never(archive: SmallArchive) -> None:
    await archive.put("1.1")
    await archive.curation.delete(SCOPE, ["1.1"], "admin", Cause(10))
    purge = Purge(archive.curation, keep_us=None, now_us=lambda: 2**60, observer=Told())
    with anyio.fail_after(1):
        await purge.run()
    assert len(archive.store.objects) == 1


@pytest.mark.parametrize("comments", ["", "another"])
async def test_what_comes_again_afterwards_is_new(archive: SmallArchive, comments: str) -> None:
    await archive.put("1.1")
    await archive.curation.delete(SCOPE, ["1.1"], "admin", Cause(10))
    await run(archive, Told(), Sleeps(1), lambda: 2**60)
    verdict = await archive.put("1.1", comments)
    assert verdict.outcome.value == "stored"
    # Nor does the log take it away again.
    await archive.index.note_log_position(0)
    await archive.another_curation().catch_up()
    assert (await archive.instance("1.1")).copies[0].location.key == "00000002"


async def test_files_go_from_every_store_but_from_none_that_is_not_there(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as archive:
        for name, uid in ((FAST, "1.1"), (SLOW, "1.2")):
            archive.chosen = name
            await archive.put(uid)
        await archive.curation.delete(SCOPE, ["1.1", "1.2"], "admin", Cause(10))
        alone = StoresTogether({FAST: archive.fast})
        curation = Curation(alone, FAST, archive.index, now_us=archive.clock)
        assert [await curation.purge(SCOPE, 11, 9, "pacsd") for _ in range(2)] == [1, 0]
        assert (len(archive.fast.objects), len(archive.slow.objects)) == (0, 1)
        assert await archive.another_curation().purge(SCOPE, 11, 9, "pacsd") == 1
        assert len(archive.slow.objects) == 0
        assert archive.records()[-1].store == SLOW


READ_ONLY = StoreStatus(None, None, is_read_only=True, explanation="worn")


async def test_what_lies_in_a_read_only_store_waits_and_what_lies_elsewhere_goes(
    tmp_path: Path,
) -> None:
    async with two_stores(tmp_path) as archive:
        for name, uid in ((FAST, "1.1"), (SLOW, "1.2")):
            archive.chosen = name
            await archive.put(uid)
        await archive.curation.delete(SCOPE, ["1.1", "1.2"], "admin", Cause(10))
        archive.slow.current_status = READ_ONLY
        counts = [await archive.curation.purge(SCOPE, 11, 9, "pacsd") for _ in range(2)]
        assert (counts, await archive.state("1.2")) == ([1, 0], InstanceState.DELETED)
        archive.slow.errors["status"] = StoreError(StoreFault.INPUT_OUTPUT, "test")
        assert await archive.curation.purge(SCOPE, 11, 9, "pacsd") == 0
        archive.slow.errors.clear()
        archive.slow.current_status = replace(READ_ONLY, is_read_only=False)
        assert await archive.curation.purge(SCOPE, 11, 9, "pacsd") == 1
        assert (archive.fast.objects, archive.slow.objects) == ({}, {})
