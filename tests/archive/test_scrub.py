from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import anyio
import pytest

from pacsd.api.errors import StoreError
from pacsd.archive import scrub
from pacsd.archive.pace import Pace
from pacsd.archive.scrub import Scrub
from pacsd.archive.stored_file import read_stored
from pacsd.archive.stores import StoresTogether
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.records import Copy, CopyState, Outcome, Scope, StoredInstance
from tests.archive.stored import NOW_US, STORE, Stored, content, stored
from tests.archive.two_stores import FAST, SLOW, two_stores

DAY_US = 86_400_000_000


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Stored]:
    async with stored(tmp_path) as opened:
        yield opened


class Notebook:
    def __init__(self) -> None:
        self.bad: list[tuple[str, CopyState]] = []
        self.failures: list[Exception] = []

    def bad_copy(self, copy: Copy, state: CopyState, instance: StoredInstance | None) -> None:
        assert instance is not None
        assert instance.id == copy.instance
        self.bad.append((copy.location.key, state))

    def scrub_failed(self, error: StoreError | IndexFault) -> None:
        self.failures.append(error)


class Idle(Exception):
    """Nothing was due."""


class Patience:
    """Sleeps so many times."""

    def __init__(self, times: int) -> None:
        self.slept: list[float] = []
        self._times = times

    async def __call__(self, delay_s: float) -> None:
        self.slept.append(delay_s)
        if len(self.slept) > self._times:
            raise Idle


async def not_at_all(_: float) -> None:
    """Time passes quickly."""


def scrub_of(
    archive: Stored,
    notebook: Notebook | None = None,
    *,
    now_us: int = NOW_US,
    pace: Pace | None = None,
    sleep: Callable[[float], Awaitable[None]] | None = None,
    is_on: bool = True,
) -> Scrub:
    return Scrub(
        archive.store,
        STORE,
        archive.index,
        pace=pace or Pace(None),
        again_after_us=DAY_US,
        now_us=lambda: now_us,
        observer=notebook or Notebook(),
        sleep=sleep or Patience(1),
        is_on=is_on,
    )


async def scrubbed(scrub: Scrub) -> Scrub:
    """Until nothing is due."""
    with pytest.raises(Idle):
        await scrub.run()
    return scrub


async def test_it_reads_everything_once_until_it_is_due_again(archive: Stored) -> None:
    await archive.add(*map(content, range(5)))
    health = (await scrubbed(scrub_of(archive))).health()
    assert (health.verified, health.found) == (5, {})
    assert health.read_bytes > 5 * 100
    assert {copy.verified_at_us for copy in (await archive.copies()).values()} == {NOW_US}
    assert (await scrubbed(scrub_of(archive))).health().verified == 0
    later = await scrubbed(scrub_of(archive, now_us=NOW_US + DAY_US + 1))
    assert later.health().verified == 5


async def test_what_is_bad_is_marked_told_and_counted(archive: Stored) -> None:
    first, second, third = await archive.add(*map(content, range(3)))
    archive.damage(first)
    del archive.store.objects[third]
    notebook = Notebook()
    tested = await scrubbed(scrub_of(archive, notebook))
    assert notebook.bad == [(first, CopyState.DAMAGED), (third, CopyState.MISSING)]
    expected = {CopyState.DAMAGED: 1, CopyState.MISSING: 1}
    assert tested.health().found == tested.health().bad_copies == expected
    copies = await archive.copies()
    assert [copies[key].state.name for key in (first, second, third)] == [
        "DAMAGED",
        "OK",
        "MISSING",
    ]


async def test_a_copy_that_was_repaired_is_no_longer_counted(archive: Stored) -> None:
    (key,) = await archive.add(content(1))
    archive.damage(key)
    tested = await scrubbed(scrub_of(archive))
    location = await archive.file(content(1))
    (verdict,) = await archive.index.add([await read_stored(archive.store, location)])
    assert verdict.outcome is Outcome.REPAIRED
    await tested.count_bad()
    assert tested.health().bad_copies == {}


async def test_a_copy_replaced_while_it_was_read_is_not_told(
    archive: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.add(content(1))
    notebook = Notebook()

    async def replaced(*_: object) -> int:
        return 0

    monkeypatch.setattr(archive.index.copies, "mark", replaced)
    (copy,) = (await archive.copies()).values()
    archive.damage(copy.location.key)
    await scrub_of(archive, notebook)._scrub_page()
    assert notebook.bad == []


async def test_large_copies_are_marked_sooner(
    archive: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrub, "_PAGE_BYTES", 1)
    await archive.add(*map(content, range(3)))
    tested = scrub_of(archive)
    await tested._scrub_page()
    assert tested.health().verified == 1


async def test_small_copies_cost_as_much_as_opening_them(archive: Stored) -> None:
    await archive.add(*map(content, range(3)))
    spent: list[float] = []

    async def sleep(delay_s: float) -> None:
        spent.append(delay_s)

    pace = Pace(scrub.LEAST_COST_BYTES, now_s=lambda: sum(spent), sleep=sleep)
    await scrub_of(archive, pace=pace)._scrub_page()
    assert round(sum(spent), 6) == 3


async def test_a_fault_is_told_and_it_goes_on_later(
    archive: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.add(content(1))
    fault = IndexFault(IndexFaultKind.INPUT_OUTPUT, "test")
    notebook, patience = Notebook(), Patience(2)
    bad_copies, tries = archive.index.checks.bad_copies, []

    async def failing_twice(scope: Scope) -> Mapping[CopyState, int]:
        tries.append(scope)
        if len(tries) <= 2:
            raise fault
        return await bad_copies(scope)

    monkeypatch.setattr(archive.index.checks, "bad_copies", failing_twice)
    tested = await scrubbed(scrub_of(archive, notebook, sleep=patience))
    assert (notebook.failures, patience.slept) == ([fault, fault], [scrub.IDLE_S] * 3)
    assert tested.health().verified == 1


async def test_it_waits_for_what_begins_with_the_daemon(archive: Stored) -> None:
    await archive.add(content(1))
    patience = Patience(0)
    tested = await scrubbed(scrub_of(archive, sleep=patience))
    assert (tested.health().verified, patience.slept) == (0, [scrub.IDLE_S])


async def test_switched_off_it_reads_nothing_but_knows_what_is_bad(archive: Stored) -> None:
    (key,) = await archive.add(content(1))
    del archive.store.objects[key]
    await scrubbed(scrub_of(archive))
    off = await scrubbed(scrub_of(archive, now_us=NOW_US + 2 * DAY_US, is_on=False))
    assert off.health().bad_copies == {CopyState.MISSING: 1}
    assert off.health().found == {}


async def test_it_can_be_cancelled_in_the_middle_of_a_file(archive: Stored) -> None:
    await archive.add(content(1))
    tested = scrub_of(archive, pace=Pace(1), sleep=not_at_all)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tested.run)
        while not tested.health().read_bytes:
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert tested.health().verified == 0


async def test_copies_are_read_in_each_store_that_is_there(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as archive:
        for name, uid in ((FAST, "1.1"), (SLOW, "1.2"), (SLOW, "1.3")):
            archive.chosen = name
            await archive.put(uid)
        for stores, verified in (({FAST: archive.fast}, 1), (archive.together.parts, 2)):
            scrub = Scrub(
                StoresTogether(stores),
                FAST,
                archive.index,
                pace=Pace(None),
                again_after_us=DAY_US,
                now_us=lambda: NOW_US,
                observer=Notebook(),
                sleep=Patience(1),
            )
            assert (await scrubbed(scrub)).health().verified == verified
            assert scrub.health().bad_copies == {}
