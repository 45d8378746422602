from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from sqlalchemy import insert

from pacsd.archive.change_feed import (
    ChangeFeed,
    Cursor,
    CursorBeyond,
    CursorGone,
    TooManyReaders,
)
from pacsd.archive.finding import IndexUnavailable
from pacsd.index import schema_records
from pacsd.index.index import Index, open_index
from tests.index.made import Clock, new


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=Clock()) as opened:
        yield opened


async def test_it_goes_on_behind_the_last_change(index: Index) -> None:
    feed = ChangeFeed(index, 1)
    await index.add([new("1.1"), new("1.2"), new("1.3")])
    first = await feed.page(Cursor(), 2)
    assert [each.sop_instance_uid for each in first.changes] == ["1.1", "1.2"]
    second = await feed.page(Cursor(first.last, first.epoch), 2)
    assert [each.sop_instance_uid for each in second.changes] == ["1.3"]
    assert (first.has_more, second.has_more) == (True, False)
    assert (await feed.page(Cursor(None), 2)).since == second.last


async def test_a_cursor_of_another_epoch_is_gone(index: Index) -> None:
    feed = ChangeFeed(index, 1)
    epoch = (await feed.page(Cursor(), 1)).epoch
    with pytest.raises(CursorGone, match=f"is not the epoch .* {epoch}") as raised:
        await feed.page(Cursor(0, "another"), 1)
    assert raised.value.is_epoch
    assert raised.value.page.epoch == epoch


async def test_a_cursor_before_what_is_kept_is_gone(index: Index) -> None:
    await index.add([new("1.1")])
    feed = ChangeFeed(index, 1)
    last = (await feed.page(Cursor(), 1)).last
    put = insert(schema_records.meta).values(key=schema_records.FORGOTTEN, value=str(last))
    await index._threads.write(lambda session: session.connection.execute(put))
    for since in (0, last - 1):
        with pytest.raises(CursorGone, match=f"is before {last}") as raised:
            await feed.page(Cursor(since), 1)
        assert not raised.value.is_epoch
    assert (await feed.page(Cursor(last), 1)).changes == ()


async def test_a_cursor_that_was_never_given(index: Index) -> None:
    await index.add([new("1.1")])
    feed = ChangeFeed(index, 1)
    last = (await feed.page(Cursor(), 1)).last
    with pytest.raises(CursorBeyond, match=f"which is {last}"):
        await feed.page(Cursor(last + 1), 1)


async def test_places_are_few_and_given_back(index: Index) -> None:
    feed = ChangeFeed(index, 2)
    with feed.place(), feed.place():
        assert feed.readers == 2
        with pytest.raises(TooManyReaders), feed.place():
            pass
    assert feed.readers == 0
    with pytest.raises(ZeroDivisionError), feed.place():
        raise ZeroDivisionError
    assert feed.readers == 0


async def test_whoever_waits_is_let_go_by_a_change(index: Index) -> None:
    feed = ChangeFeed(index, 1)
    commits = feed.commits
    with anyio.fail_after(15):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(feed.more, commits)
            await anyio.wait_all_tasks_blocked()
            await index.add([new("1.1")])
    assert feed.commits > commits


async def test_whoever_waits_is_let_go_by_the_end(index: Index) -> None:
    feed = ChangeFeed(index, 1)
    with anyio.fail_after(15):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(feed.more, feed.commits)
            await anyio.wait_all_tasks_blocked()
            assert not feed.has_ended
            feed.end()
        await feed.more(feed.commits)
    assert feed.has_ended


async def test_without_an_index_nothing_is_told(index: Index) -> None:
    feed = ChangeFeed(index, 1)
    await index._threads.close()
    with pytest.raises(IndexUnavailable):
        await feed.page(Cursor(), 1)
