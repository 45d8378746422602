"""A delivery as its target is given it, made of what the ledger and the archive know."""

from collections.abc import Sequence
from typing import Protocol

from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import Delivery
from pacsd.index.delivery_records import LedgerEntry
from pacsd.index.job_records import Job, JobClass


class Instances(Protocol):
    """Who knows the instances of the archive; see `Deliverables`."""

    async def named(self, uids: Sequence[str]) -> Sequence[InstanceFacts]:
        """Those of them that may leave; raises when they cannot be told now."""


def delivery_of(entry: LedgerEntry, job: Job, facts: Sequence[InstanceFacts]) -> Delivery:
    """These instances of a delivery, in the attempt that `job` is."""
    return Delivery(
        entry.target,
        entry.rule,
        entry.reason,
        job.attempts,
        entry.study_instance_uid,
        tuple(facts),
        entry.coercion,
        is_urgent=entry.priority <= JobClass.MODALITY,
    )
