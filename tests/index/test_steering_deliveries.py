import anyio
import pytest

from pacsd.index import steering_deliveries
from pacsd.index.covering_deliveries import KIND
from pacsd.index.delivery_records import DeliveryState, ItemResult, ItemState
from pacsd.index.errors import JobRefused
from pacsd.index.index import Index
from pacsd.index.job_records import FreePlaces, JobState
from pacsd.index.records import Scope
from tests.index.made import SCOPE, Clock, new
from tests.index.ordered import covered, deliveries, jobs, order

TIMEOUT_S = 20
DELIVERED, REFUSED = ItemState.DELIVERED, ItemState.REFUSED


async def test_what_was_refused_is_tried_again(index: Index) -> None:
    await index.add([new("1.1"), new("1.2")])
    entry = await covered(index, order())
    [job] = (await index.jobs.claim([KIND], FreePlaces(1), 1, 60)).jobs
    results = [ItemResult("1.1", DELIVERED), ItemResult("1.2", REFUSED, "A900", "no")]
    await index.ledger.settle(entry.id, 1, results, "no")
    await index.jobs.finish(job.lease)
    again = await index.ledger.retry(SCOPE, entry.id)
    assert again is not None
    assert (again.state, again.waiting, again.refused) == (DeliveryState.OPEN, 1, 0)
    assert [each.state for each in await jobs(index)] == [JobState.DONE, JobState.WAITING]
    [item] = await index.ledger.waiting(entry.id, 1, 10)
    assert (item.sop_instance_uid, item.attempts) == ("1.2", 0)


async def test_what_waits_for_its_time_is_due_at_once(index: Index, clock: Clock) -> None:
    await index.add([new("1.1")])
    entry = await covered(index, order())
    [job] = (await index.jobs.claim([KIND], FreePlaces(1), 1, 60)).jobs
    await index.jobs.fail(job.lease, "busy", clock.us + 10**12)
    rings = index.jobs.rings
    assert await index.ledger.retry(SCOPE, entry.id) is not None
    with anyio.fail_after(TIMEOUT_S):
        await index.jobs.more(rings)
    [again] = (await index.jobs.claim([KIND], FreePlaces(1), 1, 60)).jobs
    assert again.id == job.id


async def test_what_is_delivered_is_not_sent_again(index: Index) -> None:
    await index.add([new("1.1")])
    entry = await covered(index, order())
    await index.ledger.settle(entry.id, 1, [ItemResult("1.1", DELIVERED)])
    with pytest.raises(JobRefused, match="nothing of it is left"):
        await index.ledger.retry(SCOPE, entry.id)
    with pytest.raises(JobRefused, match="nothing of it is left"):
        await index.ledger.move(SCOPE, entry.id, "disk", "anna")


async def test_what_there_is_not_is_not_steered(index: Index) -> None:
    await index.add([new("1.1")])
    entry = await covered(index, order())
    assert await index.ledger.retry(SCOPE, 99) is None
    assert await index.ledger.move(SCOPE, 99, "disk", "anna") is None
    assert await index.ledger.retry(Scope(2), entry.id) is None


async def test_what_is_left_goes_to_another_target(index: Index) -> None:
    await index.add([new("1.1"), new("1.2"), new("1.3")])
    entry = await covered(index, order())
    results = [ItemResult("1.1", DELIVERED, "0000"), ItemResult("1.2", REFUSED, "A900", "no")]
    await index.ledger.settle(entry.id, 1, results, "no")
    there = await index.ledger.move(SCOPE, entry.id, "disk", "anna")
    assert there is not None
    assert (there.target, there.rule, there.waiting) == ("disk", "all CT", 2)
    assert (there.state, there.covered) == (DeliveryState.OPEN, 5)
    here = await index.ledger.get(SCOPE, entry.id)
    assert here is not None
    assert (here.state, here.explanation) == (DeliveryState.MOVED, "by anna: to disk")
    assert (here.waiting, here.delivered, here.refused) == (0, 1, 0)
    states = [each.state for each in await index.ledger.items(entry.id)]
    assert states == [DELIVERED, ItemState.MOVED, ItemState.MOVED]
    assert {(job.queue, job.state) for job in await jobs(index)} == {
        ("target:tape", JobState.CANCELLED),
        ("target:disk", JobState.WAITING),
    }


async def test_what_was_moved_is_not_sent_by_a_repetition(index: Index) -> None:
    await index.add([new("1.1")])
    entry = await covered(index, order())
    await index.ledger.move(SCOPE, entry.id, "disk", "anna")
    again = await covered(index, order())
    assert (again.id, again.state, again.waiting) == (entry.id, DeliveryState.MOVED, 0)


@pytest.mark.parametrize(
    ("target", "why"),
    [("tape", "goes to tape already"), ("", "1 to 128 bytes"), ("x" * 129, "1 to 128 bytes")],
)
async def test_not_every_target_is_one(index: Index, target: str, why: str) -> None:
    await index.add([new("1.1")])
    entry = await covered(index, order())
    with pytest.raises(JobRefused, match=why):
        await index.ledger.move(SCOPE, entry.id, target, "anna")


async def test_targets_are_paused_and_sent_to_again(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await index.ledger.pause(SCOPE, "tape", "anna")
    assert not await index.ledger.pause(SCOPE, "tape", "otto")
    [paused] = await index.ledger.paused(SCOPE)
    assert (paused.target, paused.actor) == ("tape", "anna")
    assert await index.ledger.paused(Scope(2)) == []
    monkeypatch.setattr(steering_deliveries, "MAX_PAUSED", 1)
    with pytest.raises(JobRefused, match="1 are paused already"):
        await index.ledger.pause(SCOPE, "disk", "anna")
    with pytest.raises(JobRefused, match="1 to 256 bytes"):
        await index.ledger.pause(SCOPE, "", "anna")
    rings = index.jobs.rings
    assert await index.ledger.resume(SCOPE, "tape")
    with anyio.fail_after(TIMEOUT_S):
        await index.jobs.more(rings)
    assert not await index.ledger.resume(SCOPE, "tape")


async def test_those_that_ended_long_ago_are_forgotten_part_by_part(
    index: Index, clock: Clock
) -> None:
    await index.add([new("1.1"), new("1.2"), new("9.1", study="9", series="9.0")])
    ended = await covered(index, order())
    other = await covered(index, order(study_instance_uid="9"))
    waits = await covered(index, order(target="disk"))
    for number, uids in ((ended.id, ("1.1", "1.2")), (other.id, ("9.1",))):
        await index.ledger.settle(number, 1, [ItemResult(uid, DELIVERED) for uid in uids])
    assert await index.ledger.forget(0, 10) == 0
    assert await index.ledger.forget(clock.us + 1, 1) == 1
    assert await index.ledger.get(SCOPE, ended.id) is not None
    assert await index.ledger.forget(clock.us + 1, 10) == 4
    assert [each.id for each in await deliveries(index)] == [waits.id]
    assert await index.ledger.items(ended.id) == []


async def test_what_was_moved_may_come_back(index: Index) -> None:
    await index.add([new("1.1"), new("1.2")])
    tape = await covered(index, order())
    await index.ledger.settle(tape.id, 1, [ItemResult("1.1", ItemState.DELIVERED)])
    disk = await index.ledger.move(SCOPE, tape.id, "disk", "anna")
    assert disk is not None
    back = await index.ledger.move(SCOPE, disk.id, "tape", "anna")
    assert back is not None
    assert (back.id, back.state, back.waiting, back.delivered) == (
        tape.id,
        DeliveryState.OPEN,
        1,
        1,
    )
    [left] = await index.ledger.waiting(tape.id, 7, 9)
    assert (left.sop_instance_uid, left.attempts) == ("1.2", 0)
    assert [each.queue for each in await jobs(index)][-1] == "target:tape"


async def test_what_died_of_a_delivery_is_nothing_to_look_at_once_it_is_made_again(
    index: Index,
) -> None:
    await index.add([new("1.1")])
    entry = await covered(index, order())
    [claimed] = (await index.jobs.claim([KIND], FreePlaces(1), 1, 60)).jobs
    await index.jobs.fail(claimed.lease, "typo", None)
    await index.ledger.give_up(entry.id, "typo")
    assert [each.state for each in await jobs(index)] == [JobState.DEAD]
    await index.ledger.retry(SCOPE, entry.id)
    assert [each.state for each in await jobs(index)] == [JobState.CANCELLED, JobState.WAITING]
    counts = {each.state: each.jobs for each in await index.jobs.counts(SCOPE)}
    assert counts == {JobState.CANCELLED: 1, JobState.WAITING: 1}
