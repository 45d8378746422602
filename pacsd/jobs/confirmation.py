"""A target is asked whether it keeps what it took (PS3.4 annex J), until it says so.

What was sent is asked after, and not sent again unless its target says that it does not keep it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from pacsd.api.route_target import Delivery
from pacsd.archive.commitments import Safe, SafeAnswer
from pacsd.index.delivery_records import Commitment, Item, ItemResult, ItemState, LedgerEntry
from pacsd.index.job_records import Job
from pacsd.index.ledger import Ledger
from pacsd.jobs.delivery_making import Instances, delivery_of

PAGE = 2_000
"""Instances that are asked after together, at most."""
WAIT_S = 10.0
"""For the answer; a target that takes longer is asked again."""
MOST_TRIED = 10
"""Attempts at an instance of which its target says that it does not keep it; then it is refused."""

_LEAST_WAIT_S = 60.0
# What comes late to the study waits with it.
_MOST_WAIT_S = 600.0
_US = 1_000_000
_GONE = "sent, and not here any more before its target said that it keeps it"


class Confirms(Protocol):
    """Who asks targets what they keep."""

    async def confirm(
        self, delivery: Delivery, sent_ago_s: Mapping[str, float], wait_s: float, /
    ) -> Mapping[str, SafeAnswer]:
        """What the target says of its instances within that time, by their UIDs here.

        `sent_ago_s` has when each was sent, by the same. Of what it says nothing, there is an
        answer that says why, or none.
        """


class Confirmation:
    """What was sent of a delivery, asked after in one attempt, that of `job`."""

    def __init__(
        self,
        ledger: Ledger,
        instances: Instances,
        confirms: Confirms,
        job: Job,
        now_us: Callable[[], int],
    ) -> None:
        self._ledger = ledger
        self._instances = instances
        self._confirms = confirms
        self._job = job
        self._now_us = now_us
        self._sent_at_us: int | None = None
        self.unanswered = 0
        """Of how many instances the target has said nothing yet;"""
        self.why = ""
        """why;"""
        self.failed = 0
        """and how many it does not keep."""

    async def ask(self, entry: LedgerEntry) -> LedgerEntry | None:
        """Ask after all that was sent; the delivery as it is then, None: it is gone.

        Raises:
            Exception: whatever looking up instances raises.
        """
        after = ""
        now: LedgerEntry | None = entry
        while now is not None and (page := await self._ledger.unconfirmed(entry.id, after, PAGE)):
            after = page[-1].sop_instance_uid
            results = await self._results(entry, page)
            why = next((each.explanation for each in results if each.explanation), self.why)
            now = await self._ledger.settle(entry.id, self._job.lease_token, results, why)
        return now

    def again_in_s(self) -> float:
        """When to ask again: after as long as the first of them has waited already."""
        return min(max(_LEAST_WAIT_S, self._ago_s(self.since_us)), _MOST_WAIT_S)

    @property
    def since_us(self) -> int:
        """When the first of those was sent that nothing was said of."""
        return self._now_us() if self._sent_at_us is None else self._sent_at_us

    def _ago_s(self, stamp_us: int) -> float:
        return (self._now_us() - stamp_us) / _US

    async def _results(self, entry: LedgerEntry, page: Sequence[Item]) -> list[ItemResult]:
        facts = await self._instances.named([each.sop_instance_uid for each in page])
        here = {each.sop_instance_uid for each in facts}
        answers: Mapping[str, SafeAnswer] = {}
        if facts:
            delivery = delivery_of(entry, self._job, facts)
            ago_s = {each.sop_instance_uid: self._ago_s(each.sent_at_us) for each in page}
            answers = await self._confirms.confirm(delivery, ago_s, WAIT_S)
        results = []
        for item in page:
            if item.sop_instance_uid not in here:
                results.append(_result(item, ItemState.REFUSED, _GONE, Commitment.AWAITED))
                continue
            answer = answers.get(item.sop_instance_uid)
            if answer is None or answer.safe is Safe.UNKNOWN:
                self._note_unanswered(item, answer)
            else:
                results.append(_answered(item, answer))
                self.failed += answer.safe is Safe.FAILED
        return results

    def _note_unanswered(self, item: Item, answer: SafeAnswer | None) -> None:
        self.unanswered += 1
        said = answer.why if answer is not None else "nothing is said of it"
        self.why = f"sent, but not said to be kept: {said}"
        self._sent_at_us = min(self._sent_at_us or item.sent_at_us, item.sent_at_us)


def _answered(item: Item, answer: SafeAnswer) -> ItemResult:
    if answer.safe is Safe.COMMITTED:
        return _result(item, ItemState.DELIVERED, "", Commitment.COMMITTED)
    why = f"its target does not keep it: {answer.why}"
    state = ItemState.REFUSED if item.attempts >= MOST_TRIED else ItemState.WAITING
    return _result(item, state, why, Commitment.FAILED)


def _result(item: Item, state: ItemState, why: str, commitment: Commitment) -> ItemResult:
    return ItemResult(
        item.sop_instance_uid,
        state,
        item.status,
        why,
        commitment,
        sent_at_us=item.sent_at_us,
        is_attempt=False,
    )


async def believe(ledger: Ledger, entry: LedgerEntry, job: Job) -> LedgerEntry | None:
    """Nobody asks any more what was sent and not confirmed: the answer to its sending counts."""
    now: LedgerEntry | None = entry
    while now is not None and (page := await ledger.unconfirmed(entry.id, limit=PAGE)):
        results = [_result(each, ItemState.DELIVERED, "", Commitment.NONE) for each in page]
        now = await ledger.settle(entry.id, job.lease_token, results)
    return now
