from pacsd.index.index import Index
from pacsd.jobs.patience import Patience
from tests.index.made import Clock
from tests.jobs.test_deliveries import Desk, Tape


async def test_it_ends_some_time_after_the_delivery_was_ordered(index: Index, clock: Clock) -> None:
    job = await Desk(index, clock, Tape()).order("1.1")
    ordered_us = job.created_at_us
    assert not Patience(500, lambda: ordered_us + 500).is_over(job)
    assert Patience(500, lambda: ordered_us + 501).is_over(job)
