from dataclasses import replace

import pytest

from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.routing import MAX_REASON_LENGTH, MAX_TARGET_BYTES, Route, RoutePriority
from pacsd.index.index import Index
from pacsd.index.job_records import FreePlaces, JobClass
from pacsd.jobs.planned_delivery import DELIVER, PlannedDelivery, delivery_in, job_of

LONGEST_UID = "1." + "2" * 62
EVENT = ArchiveEvent("e-1", EventKind.INSTANCE_STORED, 5, "1.2", "1.2.3", "1.2.3.4")


async def test_a_route_is_a_job_in_the_queue_of_its_target(index: Index) -> None:
    route = Route("peer:ARCHIVE2", "all CT", RoutePriority.HIGH)
    [number] = await index.jobs.add([job_of(EVENT, route, "rules")])
    claimed = await index.jobs.claim([DELIVER], FreePlaces(1), 1, 60)
    [job] = claimed.jobs
    assert (job.id, job.queue, job.created_by) == (number, "target:peer:ARCHIVE2", "rules")
    assert job.priority is JobClass.MODALITY
    planned = PlannedDelivery("peer:ARCHIVE2", "all CT", "1.2", "1.2.3", "1.2.3.4")
    assert delivery_in(job) == planned
    elsewhere = replace(job, queue="target:tape")
    assert delivery_in(elsewhere) == replace(planned, target="tape")


async def test_the_same_event_adds_nothing_and_a_later_one_does(index: Index) -> None:
    route = Route("tape", "all CT")
    later = replace(EVENT, event_id="e-2")
    jobs = [job_of(each, route, "rules") for each in (EVENT, EVENT, later)]
    first, again, second = await index.jobs.add(jobs)
    assert first == again != second
    [other] = await index.jobs.add([job_of(EVENT, Route("cloud", "all CT"), "rules")])
    assert other not in {first, second}


def test_the_longest_of_everything_fits() -> None:
    event = ArchiveEvent("e" * 40, EventKind.INSTANCE_STORED, 5, *[LONGEST_UID] * 3)
    job_of(event, Route("t" * MAX_TARGET_BYTES, "\u653e" * MAX_REASON_LENGTH), "p" * 32)


@pytest.mark.parametrize(
    ("queue", "payload", "why"),
    [
        ("plugin:acme", "{}", "queue plugin:acme"),
        ("target:tape", "{}", "payload: is no delivery"),
        ("target:tape", "[]", "payload: is no delivery"),
        ("target:tape", "no JSON", "."),
    ],
)
async def test_p06_a_job_of_something_else_is_no_delivery(
    index: Index, queue: str, payload: str, why: str
) -> None:
    await index.jobs.add([replace(job_of(EVENT, Route("tape", "x"), "rules"), payload=payload)])
    [job] = (await index.jobs.claim([DELIVER], FreePlaces(1), 1, 60)).jobs
    with pytest.raises(ValueError, match=why):
        delivery_in(replace(job, queue=queue))
