from collections.abc import AsyncGenerator, Sequence

import pytest

from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import Delivery, DeliveryOutcome, DeliveryResult, InstanceResult
from pacsd.archive.finding import IndexUnavailable
from pacsd.archive.retrievable import Retrievable
from pacsd.net import target_run
from pacsd.net.sending import Outcome
from pacsd.net.target_run import TargetRun, numbers_of, readable_pages
from tests.net.harness import FakeRetriever, Trail
from tests.net.test_retrieving import several

DELIVERED, REFUSED, AGAIN = DeliveryOutcome


def delivery(count: int) -> Delivery:
    facts = tuple(
        InstanceFacts(f"1.2.{number}", "1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2", "1.2", 9)
        for number in range(count)
    )
    return Delivery("web:siteb", "rule 1", "all", 1, "1.2", facts)


def test_where_all_are_stored_that_is_said_once() -> None:
    run = TargetRun(delivery(2))
    run.ended("1.2.0", Outcome(0))
    run.ended("1.2.1", Outcome(0))
    assert run.result() == DeliveryResult(DELIVERED, status="0000")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(0xA900, REFUSED), (0xC123, REFUSED), (0x0122, REFUSED), (0xA700, AGAIN), (None, AGAIN)],
)
def test_what_is_refused_for_good_is_not_sent_again(
    status: int | None, outcome: DeliveryOutcome
) -> None:
    run = TargetRun(delivery(2))
    run.ended("1.2.0", Outcome(status, "MILLER^ANN"))
    run.ended("1.2.1", Outcome(0xB000))
    one, other = sorted(run.result().exceptions, key=lambda each: each.sop_instance_uid)
    assert (one.outcome, one.status) == (outcome, "" if status is None else f"{status:04X}")
    assert ("MILLER" in one.explanation) == (status is None)
    assert other == InstanceResult("1.2.1", DELIVERED, status="B000")


def test_what_was_not_asked_before_it_failed_was_not_tried() -> None:
    run = TargetRun(delivery(2))
    run.ended("1.2.0", Outcome(0))
    run.failure = "gone"
    stored = InstanceResult("1.2.0", DELIVERED, status="0000")
    assert run.result() == DeliveryResult(AGAIN, "gone", (stored,))
    run.failure = ""
    assert run.result().exceptions == (InstanceResult("1.2.1", AGAIN, target_run._NOT_SENT),)


async def test_what_has_left_is_noted() -> None:
    run, trail = TargetRun(delivery(2)), Trail()
    await run.note(trail, "127.0.0.1", "route")
    assert trail.noted == []
    run.ended("1.2.0", Outcome(0))
    await run.note(trail, "127.0.0.1", "route")
    [noted] = trail.noted
    assert (noted.outcome, noted.detail) == ("not all", "1 of 2 instances")
    assert (noted.studies, noted.peer_address) == (("1.2",), "127.0.0.1")


async def test_instances_are_looked_up_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_run, "_TOGETHER", 2)
    retriever = FakeRetriever()
    await numbers_of(retriever, delivery(5))
    assert len(retriever.asked) == 3


class Failing(FakeRetriever):
    async def instances(
        self, numbers: Sequence[int]
    ) -> AsyncGenerator[Sequence[Retrievable], None]:
        async for page in super().instances(numbers):
            yield page
            raise IndexUnavailable("input/output error")


async def test_an_index_that_fails_ends_the_pages() -> None:
    run = TargetRun(delivery(2))
    retriever = Failing(*several(2).objects)
    pages = [page async for page in readable_pages(retriever, [0, 1], run)]
    assert [instance.sop_instance_uid for page in pages for instance, _ in page] == ["1.2.0"]
    assert run.failure == "input/output error"
