import anyio
import pytest

from pacsd.index.change_records import ToldPage
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.index import Index
from pacsd.index.records import Scope
from pacsd.jobs.event_feed import GATHERED_FOR_S, MOVED_AFTER_S
from pacsd.jobs.event_making import event_of
from tests.index.made import SCOPE, Clock, new
from tests.jobs.delivering import Taker, consumer, delivering, newest, until_cursor
from tests.jobs.working import TIMEOUT_S, Seen, Sleeper


async def test_what_was_taken_is_noted_after_a_while_and_at_the_end(
    index: Index, clock: Clock
) -> None:
    taker, sleep = Taker(), Sleeper(clock)
    await index.add([new("1.1")])
    first = await newest(index)
    async with delivering(index, consumer(taker), sleep=sleep) as delivery:
        await sleep.until_asleep(MOVED_AFTER_S)
        assert (taker.uids, await index.changes.cursor(SCOPE, "route")) == (["1.1"], 0)
        sleep.pass_s(MOVED_AFTER_S)
        await until_cursor(index, first)
        await index.add([new("1.2")])
        await taker.until(2)
        await sleep.until_asleep(MOVED_AFTER_S)
        assert await index.changes.cursor(SCOPE, "route") == first
        with anyio.fail_after(TIMEOUT_S):
            await delivery.stop(60)
    assert await index.changes.cursor(SCOPE, "route") == await newest(index)


async def test_while_much_is_stored_it_is_gathered(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    taker, sleep, pages = Taker(), Sleeper(clock), list[int]()
    told = index.changes.told

    async def counted(scope: Scope, since: int | None, limit: int) -> ToldPage:
        page = await told(scope, since, limit)
        pages.append(sum(event_of(page.epoch, each) is not None for each in page.changes))
        return page

    await index.add([new("1.1")])
    async with delivering(index, consumer(taker), sleep=sleep):
        await sleep.until_asleep(MOVED_AFTER_S)
        sleep.pass_s(MOVED_AFTER_S)
        await until_cursor(index, await newest(index))
        monkeypatch.setattr(index.changes, "told", counted)
        await index.add([new("1.2")])
        await taker.until(2)
        await index.add([new("1.3")])
        await sleep.until_asleep(GATHERED_FOR_S)
        await index.add([new("1.4")])
        sleep.pass_s(GATHERED_FOR_S)
        await taker.until(4)
    assert pages == [1, 2]


async def test_what_cannot_be_noted_at_the_end_comes_again(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    taker, seen, sleep = Taker(), Seen(), Sleeper(clock)

    async def failing(*_: object) -> None:
        raise IndexFault(IndexFaultKind.INPUT_OUTPUT, "no")

    await index.add([new("1.1")])
    async with delivering(index, consumer(taker), seen=seen, sleep=sleep) as delivery:
        await sleep.until_asleep(MOVED_AFTER_S)
        with monkeypatch.context() as patched, anyio.fail_after(TIMEOUT_S):
            patched.setattr(index.jobs, "add", failing)
            await delivery.stop(60)
    assert [name for name, _ in seen.waits] == ["route"]
    async with delivering(index, consumer(taker)):
        await taker.until(2)
    assert taker.uids == ["1.1", "1.1"]
    assert len({each.event_id for each in taker.events}) == 1
