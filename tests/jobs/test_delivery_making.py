from pacsd.api.route_target import Delivery
from pacsd.index.index import Index
from pacsd.jobs.delivery_making import delivery_of
from tests.index.made import Clock
from tests.jobs.test_deliveries import Desk, Tape, facts


async def test_a_target_is_told_what_it_is_and_why(index: Index, clock: Clock) -> None:
    desk = Desk(index, clock, Tape())
    job = await desk.order("1.1", "1.2")
    made = delivery_of(await desk.entry(job), job, [facts("1.2")])
    expected = Delivery("tape", "all CT", "rule all CT", job.attempts, "1.2.3", (facts("1.2"),), "")
    assert made == expected
