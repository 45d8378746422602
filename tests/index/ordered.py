"""Orders and deliveries for the tests of the ledger."""

from pacsd.index.covering_deliveries import KIND
from pacsd.index.delivery_records import DeliveryFilter, LedgerEntry, Order
from pacsd.index.index import Index
from pacsd.index.job_records import Job, JobClass, JobFilter
from tests.index.made import SCOPE

STUDY = "1.2.3"


def order(series: str = "", instance: str = "", **changed: object) -> Order:
    """All of a study, or some of it, to the tape."""
    named: dict[str, object] = {
        "plugin": "rules",
        "rule": "all CT",
        "target": "tape",
        "reason": "rule all CT",
        "priority": JobClass.ROUTING,
        "study_instance_uid": STUDY,
        "series_instance_uid": series,
        "sop_instance_uid": instance,
        "change": 5,
    }
    return Order(**(named | changed))  # type: ignore[arg-type]


async def covered(index: Index, wanted: Order) -> LedgerEntry:
    """The delivery of an order, as it is once that was taken."""
    number = await index.ledger.cover(wanted)
    assert number is not None
    entry = await index.ledger.get(SCOPE, number)
    assert entry is not None
    return entry


async def deliveries(index: Index, **wanted: object) -> list[LedgerEntry]:
    """Those there are."""
    return await index.ledger.page(SCOPE, DeliveryFilter(**wanted))  # type: ignore[arg-type]


async def jobs(index: Index) -> list[Job]:
    """Those that make deliveries."""
    return await index.jobs.page(SCOPE, JobFilter(kind=KIND))
