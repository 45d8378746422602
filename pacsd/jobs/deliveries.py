"""Deliveries are made: what waits in the ledger is sent to its target, until nothing does.

What became of each instance is noted as soon as its target has said so: nothing that was taken is
sent again, but what was under way when the process died.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import anyio

from pacsd.api.errors import NotProvided
from pacsd.api.route_target import Delivered, DeliveryOutcome, RouteTarget
from pacsd.index.covering_deliveries import KIND, QUEUE
from pacsd.index.delivery_records import DeliveryState, LedgerEntry
from pacsd.index.job_records import Job
from pacsd.index.ledger import Ledger
from pacsd.index.records import Scope
from pacsd.jobs.confirmation import Confirmation, Confirms
from pacsd.jobs.delivery_making import Instances
from pacsd.jobs.delivery_run import DeliveryRun, Destination, TargetDown
from pacsd.jobs.outcomes import Dead, Done, Handler, Later, Outcome, Retry
from pacsd.jobs.patience import Patience
from pacsd.jobs.target_gates import TargetGates
from pacsd.jobs.target_terms import TargetTerms

DEADLINE_S = 3_600.0
"""Of one attempt, beside the time that its target's rates take."""
LONGEST_S = 172_800.0
"""Of one attempt with that: one large instance over a slow line. A target with rates that hangs is
left after as long as what it was sent last takes by them, and an hour."""

_IN_HAND_S = 1.0
_ALL = Scope()
_ENDS: Mapping[DeliveryState, DeliveryOutcome] = MappingProxyType(
    {
        DeliveryState.DELIVERED: DeliveryOutcome.DELIVERED,
        DeliveryState.REFUSED: DeliveryOutcome.REFUSED,
        DeliveryState.GIVEN_UP: DeliveryOutcome.AGAIN,
    }
)

FindTarget = Callable[[str], Awaitable[RouteTarget]]
"""Raises NotProvided when there is none of this name, and whatever else when it cannot be had."""
TellDelivered = Callable[[Delivered], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Targets:
    """What is known of targets: how they are found, the terms of some, and who asks after things.

    `confirms` asks those whose terms have `commitment` whether they keep what they took.
    """

    find: FindTarget
    terms: Mapping[str, TargetTerms]
    confirms: Confirms


class Deliveries:
    """Makes the deliveries of jobs, to targets found by name; tells of those that have ended."""

    def __init__(
        self,
        ledger: Ledger,
        instances: Instances,
        targets: Targets,
        tell: TellDelivered,
        gates: TargetGates,
        patience: Patience,
    ) -> None:
        self._ledger = ledger
        self._instances = instances
        self._targets = targets
        self._tell = tell
        self._gates = gates
        self._patience = patience
        self._in_hand: set[int] = set()
        # Plugins are asked for a target once, not by two deliveries at the same time.
        self._asking = anyio.Lock()

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """What runs the jobs, by their kind."""
        return {KIND: Handler(self.run, LONGEST_S)}

    async def run(self, job: Job) -> Outcome:
        """Make one attempt at a delivery."""
        if not job.payload.isascii() or not job.payload.isdecimal():
            return Dead("payload: is not the number of a delivery")
        number = int(job.payload)
        if number in self._in_hand:
            return Later("it is being made", _IN_HAND_S)
        entry = await self._ledger.get(_ALL, number)
        if entry is None or not entry.waiting:
            return Done("nothing of it is left to be sent")
        if job.queue != f"{QUEUE}{entry.target}":
            return Dead(f"queue {job.queue}: the delivery goes to {entry.target}")
        self._in_hand.add(number)
        try:
            outcome = await self._attempt(job, entry)
            await self._note_end(job, number, outcome)
            return outcome
        finally:
            self._in_hand.discard(number)

    async def _attempt(self, job: Job, entry: LedgerEntry) -> Outcome:
        with anyio.move_on_after(DEADLINE_S) as scope:

            def takes_s(seconds: float) -> None:
                scope.deadline += seconds

            try:
                return await self._made(job, entry, takes_s)
            except TargetDown as down:
                return await self._down(job, entry, str(down))
            except NotProvided as error:  # somebody has to name it, or write it otherwise
                return await self._down(job, entry, error.explanation)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a target is its own
                return Retry(f"{type(error).__name__}: {error}")
        return Retry("it took longer than it may")

    async def _made(
        self, job: Job, entry: LedgerEntry, takes_s: Callable[[float], None]
    ) -> Outcome:
        async with self._asking:
            target = await self._targets.find(entry.target)
        if job.attempts > 1 or self._gates.is_doubtful(job.queue):
            reason = await target.check()
            if reason is not None:
                raise TargetDown(reason)
        self._gates.open(job.queue)
        terms = self._targets.terms.get(entry.target) or TargetTerms(name=entry.target)
        confirmation = None
        if terms.commitment:
            confirmation = Confirmation(
                self._ledger, self._instances, self._targets.confirms, job, self._patience.now_us
            )
        to = Destination(target, terms, confirmation)
        run = DeliveryRun(self._ledger, self._instances, to, job, entry, self._patience, takes_s)
        return await run.make()

    async def _down(self, job: Job, entry: LedgerEntry, reason: str) -> Outcome:
        """The target is down: its gate is shut, and the delivery keeps its place."""
        self._gates.close(job.queue, reason)
        await self._ledger.settle(entry.id, job.lease_token, (), reason)
        if self._patience.is_over(job.created_at_us):
            return Dead(f"its target was down for too long: {reason}")
        return Later(reason, None)

    async def _note_end(self, job: Job, number: int, outcome: Outcome) -> None:
        """Note, and tell, that a delivery has come to its end, if it has."""
        entry = await self._ledger.get(_ALL, number)
        if entry is None or isinstance(outcome, Later):
            return
        if isinstance(outcome, Retry) and job.attempts < job.max_attempts:
            return
        if entry.waiting and isinstance(outcome, Dead | Retry):
            entry = await self._ledger.give_up(number, outcome.reason)
        if entry is not None and entry.state in _ENDS:
            await self._tell(_delivered(job, entry))


def _delivered(job: Job, entry: LedgerEntry) -> Delivered:
    said = f"{entry.delivered} instances delivered"
    return Delivered(
        number=entry.id,
        target=entry.target,
        rule=entry.rule,
        reason=entry.reason,
        outcome=_ENDS[entry.state],
        attempts=job.attempts,
        study_instance_uid=entry.study_instance_uid,
        delivered=entry.delivered,
        refused=entry.refused,
        explanation=entry.explanation or said,
    )
