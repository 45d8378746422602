import anyio
import pytest

from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.index import job_counts
from pacsd.index.errors import IndexFault, IndexFaultKind, JobQueueFull
from pacsd.index.index import Index
from pacsd.index.job_records import FreePlaces, Job, JobFilter, NewJob
from pacsd.jobs import event_feed
from pacsd.jobs.consumer import Consumer
from pacsd.jobs.event_delivery import NO_ROOM_S, EventDelivery
from pacsd.jobs.event_feed import EVENT, PAUSE_S
from pacsd.jobs.outcomes import Dead, Done, Later, Outcome, Retry
from tests.index.made import SCOPE, Clock, new
from tests.jobs.delivering import Taker, consumer, delivering, newest, until_cursor
from tests.jobs.working import TIMEOUT_S, Seen, Sleeper


async def event_jobs(index: Index) -> list[Job]:
    return await index.jobs.page(SCOPE, JobFilter(kind=EVENT))


async def test_events_come_in_the_order_of_changes(index: Index) -> None:
    taker = Taker()
    await index.add([new("1.1"), new("1.2")])
    async with delivering(index, consumer(taker)):
        await taker.until(2)
        await index.add([new("1.3")])
        await index.instances.delete(SCOPE, ["1.1"], "test")
        await taker.until(4)
    assert taker.uids == ["1.1", "1.2", "1.3", "1.1"]
    assert [each.kind for each in taker.events] == [
        *[EventKind.INSTANCE_STORED] * 3,
        EventKind.STUDY_DELETED,
    ]
    assert len({each.event_id for each in taker.events}) == 4


async def test_a_new_consumer_begins_behind_what_is_there(index: Index) -> None:
    taker = Taker()
    await index.add([new("1.1")])
    async with delivering(index, Consumer("route", taker)):
        await until_cursor(index, await newest(index))
        await index.add([new("1.2")])
        await taker.until(1)
    assert taker.uids == ["1.2"]


async def test_a_consumer_goes_on_where_it_was(index: Index) -> None:
    taker = Taker()
    await index.add([new("1.1")])
    async with delivering(index, consumer(taker)):
        await taker.until(1)
        await until_cursor(index, await newest(index))
    await index.add([new("1.2")])
    async with delivering(index, consumer(taker)):
        await taker.until(2)
    assert taker.uids == ["1.1", "1.2"]


async def test_one_that_comes_again_has_the_same_id(index: Index) -> None:
    taker = Taker()
    await index.add([new("1.1")])
    for _ in range(2):
        async with delivering(index, consumer(taker)):
            await taker.until(1)
            await until_cursor(index, await newest(index))
        await index.changes.move_cursor(SCOPE, "route", 0)
        taker.changed = anyio.Event()
    async with delivering(index, consumer(taker)):
        await taker.until(3)
    assert len({each.event_id for each in taker.events}) == 1


async def test_what_fails_becomes_a_job_and_holds_up_nothing(index: Index) -> None:
    taker, seen = Taker("1.2"), Seen()
    await index.add([new("1.1"), new("1.2"), new("1.3")])
    async with delivering(index, consumer(taker), seen=seen):
        await taker.until(2)
        await until_cursor(index, await newest(index))
    (job,) = await event_jobs(index)
    assert (job.queue, job.kind) == ("route", EVENT)
    assert seen.failed == [("route", job.unique_key, "ValueError: not this one")]
    assert taker.uids == ["1.1", "1.3"]


async def test_what_takes_too_long_becomes_a_job(index: Index) -> None:
    async def stay(_: ArchiveEvent) -> None:
        await anyio.sleep_forever()

    seen = Seen()
    await index.add([new("1.1")])
    async with delivering(index, consumer(stay, deadline_s=0), seen=seen):
        await until_cursor(index, await newest(index))
    assert [reason for *_, reason in seen.failed] == ["it took more than 0 s"]
    assert len(await event_jobs(index)) == 1


async def tried_again(index: Index, delivery: EventDelivery) -> Outcome:
    (job,) = (await index.jobs.claim([EVENT], FreePlaces(1), 1, 60)).jobs
    return await delivery.handler.run(job)


async def test_a_failed_event_is_tried_again(index: Index) -> None:
    taker = Taker("1.1")
    await index.add([new("1.1"), new("1.2")])
    async with delivering(index, consumer(taker)) as delivery:
        await until_cursor(index, await newest(index))
        (job,) = (await index.jobs.claim([EVENT], FreePlaces(1), 1, 60)).jobs
        assert await delivery.handler.run(job) == Retry("ValueError: not this one")
        taker.refused.clear()
        assert await delivery.handler.run(job) == Done()
        assert taker.events[-1].event_id == job.unique_key
        (health,) = delivery.health
        assert (health.delivered, health.failed, health.at_us) == (2, 2, None)


async def test_that_a_queue_is_full_is_no_attempt(index: Index) -> None:
    async def refuse(_: ArchiveEvent) -> None:
        raise JobQueueFull("queue target:tape: is full")

    await index.add([new("1.1")])
    async with delivering(index, consumer(refuse)) as delivery:
        await until_cursor(index, await newest(index))
        outcome = await tried_again(index, delivery)
    assert outcome == Later("JobQueueFull: queue target:tape: is full", NO_ROOM_S)


async def test_a_job_that_is_no_event_is_dead(index: Index) -> None:
    taker = Taker()
    await index.jobs.add([NewJob(EVENT, "route", "{}")])
    async with delivering(index, consumer(taker)) as delivery:
        assert isinstance(await tried_again(index, delivery), Dead)


async def test_the_job_of_a_consumer_that_is_gone_waits(index: Index) -> None:
    await index.jobs.add([NewJob(EVENT, "gone", "{}")])
    async with delivering(index, consumer(Taker())) as delivery:
        outcome = await tried_again(index, delivery)
        assert outcome == Retry("queue gone: there is no consumer of this name now")


async def test_consumers_do_not_wait_for_each_other(index: Index) -> None:
    begun = anyio.Event()

    async def stay(_: ArchiveEvent) -> None:
        begun.set()
        await anyio.sleep_forever()

    taker = Taker()
    await index.add([new("1.1")])
    stuck = Consumer("stuck", stay, deadline_s=10_000, begins_at_first=True)
    async with delivering(index, stuck, consumer(taker)) as delivery:
        await taker.until(1)
        await begun.wait()
        by_name = {each.name: each for each in delivery.health}
        assert by_name["stuck"].at_us is not None


async def test_the_event_in_hand_is_finished_at_the_end(index: Index) -> None:
    begun, let_go = anyio.Event(), anyio.Event()

    async def take(_: ArchiveEvent) -> None:
        begun.set()
        await let_go.wait()

    await index.add([new("1.1"), new("1.2")])
    async with delivering(index, consumer(take)) as delivery:
        await begun.wait()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(delivery.stop, 10_000)
            await anyio.wait_all_tasks_blocked()
            let_go.set()
    first = (await index.changes.page(SCOPE)).changes[0].number
    assert await index.changes.cursor(SCOPE, "route") == first


async def test_after_the_grace_it_is_broken_off(index: Index) -> None:
    begun = anyio.Event()

    async def stay(_: ArchiveEvent) -> None:
        begun.set()
        await anyio.sleep_forever()

    await index.add([new("1.1")])
    async with delivering(index, consumer(stay, deadline_s=10_000)) as delivery:
        await begun.wait()
        with anyio.fail_after(TIMEOUT_S):
            await delivery.stop(0)
    assert await index.changes.cursor(SCOPE, "route") == 0
    assert await event_jobs(index) == []


async def test_what_is_not_kept_any_more_is_told_of(index: Index, clock: Clock) -> None:
    taker, seen = Taker(), Seen()
    await index.changes.move_cursor(SCOPE, "route", 0)
    await index.add([new("1.1"), new("1.2")])
    forgotten = (await index.changes.page(SCOPE)).changes[0].number
    assert await index.changes.forget(clock.us + 1, 1) == 1
    async with delivering(index, consumer(taker), seen=seen):
        await taker.until(1)
    reason = f"changes up to {forgotten} are not kept, it had read up to 0"
    assert (taker.uids, seen.again) == (["1.2"], [("route", reason)])


async def test_the_cursor_moves_while_much_is_delivered(index: Index, clock: Clock) -> None:
    sleep = Sleeper(clock)
    let_go = anyio.Event()

    async def take(event: ArchiveEvent) -> None:
        sleep.clock.us += 6_000_000
        if event.sop_instance_uid == "1.3":
            await let_go.wait()

    await index.add([new("1.1"), new("1.2"), new("1.3")])
    second = (await index.changes.page(SCOPE)).changes[1].number
    async with delivering(index, consumer(take, deadline_s=10_000), sleep=sleep):
        await until_cursor(index, second)


async def test_what_has_no_room_as_a_job_is_waited_for(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    taker, seen, sleep = Taker("1.1"), Seen(), Sleeper(clock)
    monkeypatch.setattr(job_counts, "MAX_OPEN_JOBS", 0)
    await index.add([new("1.1"), new("1.2")])
    async with delivering(index, consumer(taker), seen=seen, sleep=sleep):
        await seen.until(lambda: seen.faults)
        assert [(name, type(fault)) for name, fault in seen.waits] == [("route", JobQueueFull)]
        assert await index.changes.cursor(SCOPE, "route") == 0
        monkeypatch.undo()
        await sleep.until_asleep(PAUSE_S)
        sleep.pass_s(PAUSE_S)
        await until_cursor(index, await newest(index))
    assert len(await event_jobs(index)) == 1


async def test_while_the_index_fails_it_waits(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    taker, seen, sleep = Taker(), Seen(), Sleeper(clock)

    async def failing(*_: object) -> None:
        raise IndexFault(IndexFaultKind.INPUT_OUTPUT, "no")

    monkeypatch.setattr(index.changes, "told", failing)
    async with delivering(index, consumer(taker), seen=seen, sleep=sleep):
        await seen.until(lambda: seen.faults)
        monkeypatch.undo()
        await index.add([new("1.1")])
        await sleep.until_asleep(PAUSE_S)
        sleep.pass_s(PAUSE_S)
        await taker.until(1)


async def test_much_that_fails_is_noted_between(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feed, "MAX_FAILED", 2)
    let_go = anyio.Event()

    async def refuse(event: ArchiveEvent) -> None:
        if event.sop_instance_uid == "1.3":
            await let_go.wait()
        raise ValueError

    await index.add([new("1.1"), new("1.2"), new("1.3")])
    second = (await index.changes.page(SCOPE)).changes[1].number
    async with delivering(index, consumer(refuse, deadline_s=10_000)):
        await until_cursor(index, second)
        assert len(await event_jobs(index)) == 2


async def test_who_is_added_begins_behind_what_is_there(index: Index) -> None:
    taker, late = Taker(), Taker()
    await index.add([new("1.1")])
    async with delivering(index, consumer(taker)) as delivery:
        await taker.until(1)
        delivery.replace([consumer(taker), Consumer("late", late)])
        assert [each.name for each in delivery.health] == ["route", "late"]
        with anyio.fail_after(TIMEOUT_S):
            while await index.changes.standing(SCOPE, "late") is None:
                await anyio.lowlevel.checkpoint()
        await index.add([new("1.2")])
        await late.until(1)
        await taker.until(2)
    assert taker.uids == ["1.1", "1.2"]
    assert late.uids == ["1.2"]


async def test_who_is_removed_has_the_event_in_hand_and_no_other(index: Index) -> None:
    began, go_on = anyio.Event(), anyio.Event()
    events: list[str] = []

    async def take(event: ArchiveEvent) -> None:
        began.set()
        await go_on.wait()
        events.append(event.sop_instance_uid)

    await index.add([new("1.1"), new("1.2")])
    again = Taker()
    async with delivering(index, consumer(take)) as delivery:
        await began.wait()
        delivery.replace([])
        assert delivery.health == ()
        # Back under the same name before the old one has ended: it goes on behind it.
        delivery.replace([consumer(again)])
        await anyio.wait_all_tasks_blocked()
        assert again.uids == []
        go_on.set()
        await again.until(1)
    assert events == ["1.1"]
    assert again.uids == ["1.2"]


async def test_who_takes_the_place_of_another_has_its_next_event(index: Index) -> None:
    before, after = Taker(), Taker()
    await index.add([new("1.1")])
    async with delivering(index, consumer(before)) as delivery:
        await before.until(1)
        delivery.replace([consumer(after)])
        await index.add([new("1.2")])
        await after.until(1)
    assert (before.uids, after.uids) == (["1.1"], ["1.2"])


async def test_who_is_left_without_consumers_waits_for_one(index: Index) -> None:
    taker = Taker()
    await index.add([new("1.1")])
    async with delivering(index) as delivery:
        await anyio.wait_all_tasks_blocked()
        delivery.replace([consumer(taker)])
        await taker.until(1)
        with anyio.fail_after(TIMEOUT_S):
            await delivery.stop(60)
        delivery.replace([consumer(taker), Consumer("late", taker)])


async def test_those_that_come_before_it_runs_are_there_when_it_does(index: Index) -> None:
    taker = Taker()
    await index.add([new("1.1")])
    delivery = EventDelivery(index, [consumer(taker)], Seen())
    delivery.replace([])
    delivery.replace([consumer(taker)])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(delivery.run)
        await taker.until(1)
        tasks.cancel_scope.cancel()
