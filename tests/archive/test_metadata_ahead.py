"""Metadata made before anybody asks for it."""

from collections.abc import AsyncIterator, Sequence
from itertools import chain
from pathlib import Path

import anyio
import pytest

from pacsd.archive.finding import QueryLimits
from pacsd.archive.kept_metadata import KeptMetadata
from pacsd.archive.metadata import MetadataReader
from pacsd.archive.metadata_ahead import CONSUMER, GATHER_S, RETRY_S, MetadataAhead
from pacsd.archive.metadata_maker import MetadataMaker
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Retriever, Unreadable
from pacsd.index.errors import IndexFault, IndexFaultKind
from tests.archive.small_archive import SCOPE, SmallArchive, small_archive


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as made:
        yield made


class Clock:
    """A second passes with each look."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 1
        return self.now_s


class Ahead:
    """What makes metadata ahead of an archive; `sleeps` are how long it slept between pages."""

    def __init__(self, archive: SmallArchive) -> None:
        self.archive = archive
        self.retriever = Retriever(archive.store, archive.index, QueryLimits())
        self.kept = KeptMetadata(archive.index)
        self.reader = MetadataReader(MetadataMaker(archive.store, self.retriever), self.kept)
        self.prepared: list[list[str]] = []
        self.unreadable: set[str] = set()
        self.faults: dict[str, str] = {}
        self.sleeps: list[float] = []
        self.gathering = anyio.Event()
        self.gathering.set()
        self.ahead = MetadataAhead(
            archive.index,
            self.retriever,
            self,
            not_made=self.not_made,
            now_s=Clock(),
            sleep=self.sleep,
        )

    def not_made(self, instance: Retrievable, why: Exception) -> None:
        self.faults[instance.sop_instance_uid] = str(why)

    async def prepare(self, page: Sequence[Retrievable]) -> int:
        uids = [each.sop_instance_uid for each in page]
        if self.unreadable.intersection(uids):
            raise Unreadable("test")
        self.prepared.append(uids)
        return await self.reader.prepare(page)

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        await self.gathering.wait()
        await anyio.lowlevel.checkpoint()

    async def until(self, change: int) -> None:
        """Run until that change was looked at."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.ahead.run)
            with anyio.fail_after(30):
                while await self.archive.index.changes.cursor(SCOPE, CONSUMER) < change:
                    await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()

    async def last_change(self) -> int:
        return (await self.archive.index.changes.page(SCOPE)).changes[-1].number


@pytest.fixture
def ahead(archive: SmallArchive) -> Ahead:
    return Ahead(archive)


async def test_what_is_stored_is_made_and_kept(ahead: Ahead) -> None:
    for uid in ("1.1", "1.2", "1.3"):
        await ahead.archive.put(uid)
    await ahead.until(await ahead.last_change())
    assert sorted(chain(*ahead.prepared)) == ["1.1", "1.2", "1.3"]
    assert ahead.ahead.health().made == 3
    found = [await ahead.retriever.find(uid) for uid in ("1.1", "1.2", "1.3")]
    assert len(await ahead.kept.find([each for each in found if each is not None])) == 3


async def test_what_comes_while_it_waits_is_made_too(ahead: Ahead) -> None:
    await ahead.archive.put("1.1")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ahead.ahead.run)
        for uid in ("1.2", "1.3"):
            await ahead.archive.put(uid)
            with anyio.fail_after(30):
                while [uid] not in ahead.prepared and uid not in [*chain(*ahead.prepared)]:
                    await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()


async def test_what_comes_together_is_made_together(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, changes = anyio.Event(), ahead.archive.index.changes
    more = changes.more

    async def waiting(commits: int) -> None:
        waits.set()
        await more(commits)

    monkeypatch.setattr(changes, "more", waiting)
    ahead.gathering = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ahead.ahead.run)
        await waits.wait()
        for uid in ("1.1", "1.2", "1.3"):
            await ahead.archive.put(uid)
        ahead.gathering.set()
        with anyio.fail_after(30):
            while not ahead.prepared:
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert ahead.sleeps[0] == GATHER_S
    assert [sorted(each) for each in ahead.prepared] == [["1.1", "1.2", "1.3"]]


async def test_it_goes_on_where_it_was(ahead: Ahead) -> None:
    await ahead.archive.put("1.1")
    await ahead.until(await ahead.last_change())
    another = Ahead(ahead.archive)
    await ahead.archive.put("1.2")
    await another.until(await ahead.last_change())
    assert another.prepared == [["1.2"]]


async def test_it_sleeps_as_long_as_it_worked(ahead: Ahead) -> None:
    await ahead.archive.put("1.1")
    await ahead.until(await ahead.last_change())
    assert ahead.sleeps[0] == 1.0


async def test_what_is_gone_is_left_out(ahead: Ahead) -> None:
    await ahead.archive.put("1.1")
    await ahead.archive.put("1.2")
    await ahead.archive.curation.delete(SCOPE, ["1.1"], "admin")
    await ahead.until(await ahead.last_change())
    assert [*chain(*ahead.prepared)] == ["1.2"]


async def test_what_cannot_be_read_keeps_no_other_from_being_made(ahead: Ahead) -> None:
    for uid in ("1.1", "1.2", "1.3"):
        await ahead.archive.put(uid)
    ahead.unreadable = {"1.2"}
    await ahead.until(await ahead.last_change())
    assert sorted(chain(*ahead.prepared)) == ["1.1", "1.3"]
    assert ahead.ahead.health().failed == 1


async def test_no_object_ends_who_makes_it(ahead: Ahead, monkeypatch: pytest.MonkeyPatch) -> None:
    await ahead.archive.put("1.1")
    await ahead.archive.put("1.2")
    prepare = ahead.reader.prepare

    async def failing(page: Sequence[Retrievable]) -> int:
        if any(each.sop_instance_uid == "1.1" for each in page):
            raise RuntimeError("test")
        return await prepare(page)

    monkeypatch.setattr(ahead.reader, "prepare", failing)
    await ahead.until(await ahead.last_change())
    assert (ahead.ahead.health().made, ahead.ahead.health().failed) == (1, 1)
    assert ahead.faults == {"1.1": "test"}


async def test_where_nothing_is_kept_it_begins_anew(ahead: Ahead) -> None:
    await ahead.archive.put("1.1")
    number = await ahead.last_change()
    await ahead.archive.index.changes.move_cursor(SCOPE, CONSUMER, number)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ahead.ahead.run)
        with anyio.fail_after(30):
            while not ahead.prepared:
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert ahead.prepared == [["1.1"]]


async def test_a_fault_of_the_index_is_waited_for(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ahead.archive.put("1.1")
    changes = ahead.archive.index.changes
    page, faults = changes.page, [IndexFault(IndexFaultKind.BUSY, "test")]

    async def failing(*args: object, **named: object) -> object:
        if faults:
            raise faults.pop()
        return await page(*args, **named)  # type: ignore[arg-type]

    number = await ahead.last_change()
    monkeypatch.setattr(changes, "page", failing)
    await ahead.until(number)
    assert ahead.sleeps[0] == RETRY_S
    assert ahead.prepared == [["1.1"]]
