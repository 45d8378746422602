from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.jobs.observer import EventObserver, JobObserver
from tests.jobs.working import Seen

FAULT = IndexFault(IndexFaultKind.OTHER, "a test's")


async def test_what_the_tests_observe_with_is_an_observer() -> None:
    seen = Seen()
    jobs: JobObserver = seen
    events: EventObserver = seen
    jobs.jobs_failed(FAULT)
    events.consumer_began_again("route", "why")
    assert (seen.faults, seen.again) == ([FAULT], [("route", "why")])
