"""One attempt at a delivery: what waits is sent, page by page, for a while.

What a target takes at once grows smaller when it fails although it works, so that an instance it
always fails at is found, and holds up no other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import DeliveryOutcome, DeliveryResult, RouteTarget
from pacsd.index.delivery_records import Commitment, Item, ItemResult, ItemState, LedgerEntry
from pacsd.index.job_records import Job
from pacsd.index.ledger import Ledger
from pacsd.jobs.confirmation import Confirmation, believe
from pacsd.jobs.delivery_making import Instances, delivery_of
from pacsd.jobs.delivery_results import gone, item_results, to_be_confirmed
from pacsd.jobs.outcomes import Dead, Done, Later, Outcome, Retry
from pacsd.jobs.patience import Patience
from pacsd.jobs.target_terms import TargetTerms

PAGE = 500
"""Instances that are sent together, at most."""
FIRST_PAGE = 64
"""Instances that are sent together while nobody knows yet how fast the line is."""
SLICE_S = 30.0
"""After which others have their turn, once what is being sent has come to an end."""
MAX_FAILURES = 12
"""Of what is sent together, in one attempt, while the target says that it works."""

_SHRINKS_BY = 4


class TargetDown(Exception):
    """The target says that nothing can be sent now; the text is why."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where it is sent, and on which terms; None: what was taken is not asked after."""

    target: RouteTarget
    terms: TargetTerms
    confirmation: Confirmation | None


class DeliveryRun:
    """One attempt, that of `job`; `takes_s` is told how long it takes by the target's rates."""

    def __init__(
        self,
        ledger: Ledger,
        instances: Instances,
        destination: Destination,
        job: Job,
        entry: LedgerEntry,
        patience: Patience,
        takes_s: Callable[[float], None],
    ) -> None:
        self._ledger = ledger
        self._instances = instances
        self._target = destination.target
        self._terms = destination.terms
        self._confirmation = destination.confirmation
        self._job = job
        self._entry: LedgerEntry | None = entry
        self._takes_s = takes_s
        self._patience = patience
        self._size = min(FIRST_PAGE, PAGE)
        self._failures = 0
        self._why = ""
        self._leaves_some = False

    async def make(self) -> Outcome:
        """Send until nothing is left that was not tried, or others have their turn.

        Raises:
            TargetDown: it does not work any more; and what looking up instances raises.
        """
        until_s = self._patience.clock_s() + SLICE_S
        if self._entry is not None and self._confirmation is None:
            self._entry = await believe(self._ledger, self._entry, self._job)
        while self._entry is not None:
            page = await self._page(self._entry.id)
            if not page:
                break
            self._takes_s(self._terms.takes_s(_sizes(page)))
            began_s = self._patience.clock_s()
            await self._send(self._entry, page)
            if self._failures >= MAX_FAILURES:
                return Retry(self._why)
            now_s = self._patience.clock_s()
            if now_s >= until_s and self._has_more():
                return Later("others have their turn", 0.0)
            self._fit(len(page), now_s - began_s, until_s - now_s)
        if self._entry is not None and self._confirmation is not None:
            self._entry = await self._confirmation.ask(self._entry)
        return self._outcome()

    def _fit(self, sent: int, took_s: float, left_s: float) -> None:
        """Send no more together than goes out in what is left of the slice."""
        if took_s > 0:
            self._size = max(1, min(self._size, int(sent * left_s / took_s)))

    async def _page(self, number: int) -> Sequence[Item]:
        """What is sent next: no more than may be in one slice."""
        page = await self._ledger.waiting(number, self._job.lease_token, self._size)
        return page[: self._terms.share(SLICE_S, _sizes(page))]

    async def _send(self, entry: LedgerEntry, page: Sequence[Item]) -> None:
        facts = await self._instances.named([each.sop_instance_uid for each in page])
        results = gone(page, facts)
        has_failed = False
        if facts:
            result = await self._answer(entry, facts)
            tried = self._tried(facts, result)
            results += tried if self._confirmation is None else to_be_confirmed(tried)
            has_failed = result.outcome is DeliveryOutcome.AGAIN
        self._leaves_some |= has_failed or any(map(_is_left, results))
        why = next((each.explanation for each in results if _is_bad(each)), "")
        self._why = why or self._why
        self._entry = await self._ledger.settle(entry.id, self._job.lease_token, results, why)
        if has_failed:
            await self._look_again()
        else:
            self._size = min(PAGE, self._size * 2)

    def _tried(self, facts: Sequence[InstanceFacts], result: DeliveryResult) -> list[ItemResult]:
        results = item_results(facts, result)
        if result.outcome is DeliveryOutcome.AGAIN:
            self._why = result.explanation or "not taken now"
            if len(facts) == 1 and not results:
                # By itself it was tried, and nothing else can be what is wrong.
                uid = facts[0].sop_instance_uid
                results.append(ItemResult(uid, ItemState.WAITING, result.status, self._why))
        return results

    async def _look_again(self) -> None:
        """Something failed: see whether the target works, and send it less at once."""
        reason = await self._target.check()
        if reason is not None:
            raise TargetDown(reason)
        self._failures += 1
        self._size = max(1, self._size // _SHRINKS_BY)

    async def _answer(self, entry: LedgerEntry, facts: Sequence[InstanceFacts]) -> DeliveryResult:
        """What the target says; that it fails is its answer, too."""
        try:
            result = await self._target.send(delivery_of(entry, self._job, facts))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a target is its own
            return DeliveryResult(DeliveryOutcome.AGAIN, f"{type(error).__name__}: {error}")
        if isinstance(result, DeliveryResult):
            return result
        said = f"send: {type(result).__name__} instead of DeliveryResult"
        return DeliveryResult(DeliveryOutcome.AGAIN, said)

    def _waits(self, entry: LedgerEntry) -> Outcome:
        """Some are to be sent again; or all were, and the target has not said yet what it keeps."""
        asked = self._confirmation
        if asked is None or asked.failed or self._leaves_some:
            return Retry(self._why or entry.explanation)
        if asked.unanswered < entry.waiting:
            return Later("more of it has come", 0.0)
        if self._patience.is_over(asked.since_us):
            return Dead(f"for too long: {asked.why}")
        return Later(asked.why, asked.again_in_s())

    def _has_more(self) -> bool:
        return self._entry is not None and self._entry.waiting > 0

    def _outcome(self) -> Outcome:
        entry = self._entry
        if entry is None:
            return Done("the delivery is gone")
        if entry.waiting:
            return self._waits(entry)
        if entry.refused:
            total = entry.refused + entry.delivered
            return Dead(f"{entry.refused} of {total} instances were refused: {entry.explanation}")
        return Done(f"{entry.delivered} instances delivered")


def _sizes(page: Sequence[Item]) -> list[int]:
    return [each.size_bytes for each in page]


def _is_left(result: ItemResult) -> bool:
    """Whether it was tried and is to be sent again."""
    return result.state is ItemState.WAITING and result.commitment is not Commitment.AWAITED


def _is_bad(result: ItemResult) -> bool:
    return result.state is ItemState.REFUSED or _is_left(result)
