from dataclasses import replace

import pytest

from pacsd.index import covering_deliveries, job_counts
from pacsd.index.delivery_records import DeliveryState, ItemResult, ItemState
from pacsd.index.errors import JobQueueFull
from pacsd.index.index import Index
from pacsd.index.job_records import FreePlaces, Job, JobClass, JobState
from tests.index.made import SCOPE, Clock, new
from tests.index.ordered import STUDY, covered, deliveries, jobs, order


async def delivered(index: Index, number: int, *uids: str) -> None:
    results = [ItemResult(uid, ItemState.DELIVERED, "0000") for uid in uids]
    assert await index.ledger.settle(number, 1, results) is not None


async def test_an_order_of_a_study_has_all_that_is_shown_of_it(index: Index) -> None:
    await index.add([new("1.1"), new("1.2", series="1.2.3.9"), new("9.1", study="9")])
    await index.add([new("1.3", patient_id="another, so that it is held"), new("1.4")])
    await index.instances.delete(SCOPE, ["1.4"], "admin")
    entry = await covered(index, order())
    assert (entry.state, entry.waiting, entry.delivered) == (DeliveryState.OPEN, 2, 0)
    assert (entry.covered, entry.confirmed) == (5, 0)
    assert (entry.plugin, entry.rule, entry.target) == ("rules", "all CT", "tape")
    one, two = await index.ledger.items(entry.id)
    assert (one.sop_instance_uid, one.series_instance_uid) == ("1.1", "1.2.3.0")
    assert (two.sop_instance_uid, two.series_instance_uid) == ("1.2", "1.2.3.9")
    [stored] = (await index.instances.among(SCOPE, ["1.1"]))[0].copies
    assert (one.sha256, one.size_bytes) == (stored.sha256, stored.data_set_bytes)
    assert one.state is ItemState.WAITING
    [job] = await jobs(index)
    assert (job.queue, job.payload) == ("target:tape", str(entry.id))
    assert (job.priority, job.created_by) == (JobClass.ROUTING, "rules")


async def test_an_order_of_a_series_or_an_instance_has_no_more_than_that(index: Index) -> None:
    await index.add([new("1.1"), new("1.2"), new("1.3", series="1.2.3.9")])
    entry = await covered(index, order("1.2.3.9"))
    assert entry.waiting == 1
    entry = await covered(index, order("1.2.3.0", "1.2"))
    assert [each.sop_instance_uid for each in await index.ledger.items(entry.id)] == ["1.2", "1.3"]
    assert len(await deliveries(index)) == 1


async def test_what_is_not_here_has_no_delivery(index: Index) -> None:
    assert await index.ledger.cover(order()) is None
    assert await deliveries(index) == []


async def test_a_repetition_changes_nothing(index: Index) -> None:
    await index.add([new("1.1")])
    first = await covered(index, order())
    again = await covered(index, order())
    assert replace(again, changed_at_us=0) == replace(first, changed_at_us=0)
    assert len(await jobs(index)) == 1
    await delivered(index, first.id, "1.1")
    ended = await covered(index, order(change=7))
    assert (ended.state, ended.waiting) == (DeliveryState.DELIVERED, 0)
    assert (ended.covered, ended.confirmed) == (7, 7)


async def test_each_rule_and_each_target_has_its_own(index: Index) -> None:
    await index.add([new("1.1")])
    numbers = {
        (await covered(index, each)).id
        for each in (order(), order(rule="urgent"), order(target="disk"), order(plugin="other"))
    }
    assert len(numbers) == 4
    assert {each.target for each in await deliveries(index)} == {"tape", "disk"}


async def test_a_late_instance_opens_it_again(index: Index) -> None:
    await index.add([new("1.1")])
    entry = await covered(index, order())
    await delivered(index, entry.id, "1.1")
    await index.add([new("1.2")])
    again = await covered(index, order(change=9))
    assert again.id == entry.id
    assert (again.state, again.waiting, again.delivered) == (DeliveryState.OPEN, 1, 1)
    assert (again.covered, again.confirmed) == (9, 5)


async def test_a_job_that_runs_may_not_see_what_comes_now(index: Index) -> None:
    await index.add([new("1.1")])
    entry = await covered(index, order())
    await index.jobs.claim([covering_deliveries.KIND], FreePlaces(1), 1, 60)
    await index.add([new("1.2")])
    await covered(index, order(change=9))
    await covered(index, order(change=11))
    states = [(job.state, job.unique_key) for job in await jobs(index)]
    assert states == [
        (JobState.LEASED, f"{entry.id}:5"),
        (JobState.WAITING, f"{entry.id}:9"),
    ]


async def test_another_data_set_under_the_same_uid_is_sent_as_well(index: Index) -> None:
    [verdict] = await index.add([new("1.1")])
    entry = await covered(index, order())
    await delivered(index, entry.id, "1.1")
    await index.instances.delete(SCOPE, ["1.1"], "admin")
    await index.deletions.purge(SCOPE, [verdict.instance], "admin")
    await index.add([new("1.1", content=b"another data set")])
    again = await covered(index, order(change=9))
    assert (again.id, again.waiting, again.delivered) == (entry.id, 1, 0)
    [item] = await index.ledger.items(entry.id)
    assert (item.state, item.status, item.sent_at_us) == (ItemState.WAITING, "", 0)


async def test_a_large_study_is_taken_part_by_part(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(covering_deliveries, "TOGETHER", 2)
    await index.add([new(f"1.{number}") for number in range(5)])
    entry = await covered(index, order())
    assert (entry.waiting, entry.covered) == (5, 5)
    assert len(await jobs(index)) == 1


async def test_a_queue_that_is_full_takes_no_more(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    await index.add([new("1.1")])
    monkeypatch.setattr(job_counts, "MAX_OPEN_JOBS", 0)
    with pytest.raises(JobQueueFull):
        await index.ledger.cover(order())
    assert await deliveries(index, study_instance_uid=STUDY) == []


async def test_studies_take_turns_also_while_others_come(index: Index, clock: Clock) -> None:
    async def come(study: str) -> None:
        await index.add([new(f"{study}.1", study=study, series=f"{study}.0")])
        await covered(index, order(study_instance_uid=study))

    async def take() -> tuple[str, Job]:
        claimed = await index.jobs.claim([covering_deliveries.KIND], FreePlaces(1), 1, 60)
        entries = {str(each.id): each.study_instance_uid for each in await deliveries(index)}
        return entries[claimed.jobs[0].payload], claimed.jobs[0]

    await come("1")
    await come("2")
    study, large = await take()
    assert study == "1"
    await index.jobs.give_back([large.lease], clock())
    await come("3")
    assert [(await take())[0] for _ in range(3)] == ["2", "1", "3"]


async def test_what_is_urgent_goes_first_the_newest_before_all(index: Index) -> None:
    for study in ("1", "2", "3", "4"):
        await index.add([new(f"{study}.1", study=study, series=f"{study}.0")])
    for study, is_urgent in (("1", False), ("2", True), ("3", True), ("4", False)):
        wanted = order(study_instance_uid=study, is_urgent=is_urgent)
        await covered(index, wanted)
    numbers = {str(each.id): each.study_instance_uid for each in await deliveries(index)}
    claimed = await index.jobs.claim([covering_deliveries.KIND], FreePlaces(9), 9, 60)
    assert [numbers[job.payload] for job in claimed.jobs] == ["3", "2", "1", "4"]
