"""Deliveries are made: a job's instances are sent to its target, page by page, until all are there.

What a target took or refused is not sent again at the next attempt; of what is remembered of that
the oldest is forgotten beyond a bound, and all of it at a restart: then it is sent twice.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

import anyio

from pacsd.api.errors import NotProvided
from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import (
    Delivered,
    Delivery,
    DeliveryOutcome,
    DeliveryResult,
    RouteTarget,
)
from pacsd.index.job_records import Job
from pacsd.jobs.outcomes import Dead, Done, Handler, Outcome, Retry
from pacsd.jobs.planned_delivery import PlannedDelivery, delivery_in

DEADLINE_S = 3_600.0
"""Of one attempt."""
MAX_REMEMBERED = 200_000
"""Instances of which it is remembered that they need not be sent again."""

_LONGER_S = 10.0

FindTarget = Callable[[str], Awaitable[RouteTarget]]
"""Raises NotProvided when there is none of this name, and whatever else when it cannot be had."""
TellDelivered = Callable[[Delivered], Awaitable[None]]


class Pages(Protocol):
    """Who knows what there is to be sent; see `Deliverables`."""

    def pages(
        self, study_instance_uid: str, series_instance_uid: str = "", sop_instance_uid: str = ""
    ) -> AsyncGenerator[tuple[InstanceFacts, ...], None]:
        """The instances; raises when they cannot be told now."""


@dataclass(slots=True)
class _Settled:
    """What is behind of one delivery: what its target has for good, or never will."""

    target: str
    delivered: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)

    def __contains__(self, uid: str) -> bool:
        return uid in self.delivered or uid in self.refused

    def __len__(self) -> int:
        return len(self.delivered) + len(self.refused)

    def note(self, sent: tuple[InstanceFacts, ...], result: DeliveryResult) -> str | None:
        """Note what became of instances; why some of them have to be sent again, if so."""
        why = None
        exceptions = {each.sop_instance_uid: each for each in result.exceptions}
        for facts in sent:
            uid = facts.sop_instance_uid
            own = exceptions.get(uid, result)
            if own.outcome is DeliveryOutcome.DELIVERED:
                self.delivered.add(uid)
            elif own.outcome is DeliveryOutcome.REFUSED:
                self.refused[uid] = own.explanation
            else:
                why = why or own.explanation or "not taken now"
        return why


class Deliveries:
    """Makes the deliveries of jobs, to targets found by name; tells of those that have ended."""

    def __init__(self, instances: Pages, target_of: FindTarget, tell: TellDelivered) -> None:
        self._instances = instances
        self._target_of = target_of
        self._tell = tell
        self._settled: OrderedDict[int, _Settled] = OrderedDict()
        """By job, of the target it had at its last attempt."""
        # Plugins are asked for a target once, not by two deliveries at the same time.
        self._asking = anyio.Lock()

    @property
    def handler(self) -> Handler:
        """What runs the jobs."""
        return Handler(self.run, DEADLINE_S + _LONGER_S)

    async def run(self, job: Job) -> Outcome:
        """Make one attempt at a delivery."""
        try:
            planned = delivery_in(job)
        except ValueError as error:
            return Dead(str(error))
        settled = self._settled.pop(job.id, None)
        # Of what somebody has brought back, or sent elsewhere, nothing is remembered.
        if settled is None or job.attempts == 1 or settled.target != planned.target:
            settled = _Settled(planned.target)
        outcome = await self._attempt(planned, job, settled)
        if not isinstance(outcome, Retry) or job.attempts >= job.max_attempts:
            await self._tell(_ended(planned, job, settled, outcome))
        elif settled:
            self._remember(job, settled)
        return outcome

    async def _attempt(self, planned: PlannedDelivery, job: Job, settled: _Settled) -> Outcome:
        with anyio.move_on_after(DEADLINE_S):
            try:
                return await self._sent(planned, job, settled)
            except NotProvided as error:
                return Dead(error.explanation)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a target is its own
                return Retry(f"{type(error).__name__}: {error}")
        return Retry(f"it took more than {DEADLINE_S:g} s")

    async def _sent(self, planned: PlannedDelivery, job: Job, settled: _Settled) -> Outcome:
        async with self._asking:
            target = await self._target_of(planned.target)
        if job.attempts > 1:
            reason = await target.check()
            if reason is not None:
                return Retry(reason)
        why = await self._send_pages(target, planned, job.attempts, settled)
        if why is not None:
            return Retry(why)
        if settled.refused:
            total, first = len(settled), next(iter(settled.refused.values()))
            return Dead(f"{len(settled.refused)} of {total} instances were refused: {first}")
        return Done(f"{len(settled)} instances delivered")

    async def _send_pages(
        self, target: RouteTarget, planned: PlannedDelivery, attempt: int, settled: _Settled
    ) -> str | None:
        """Send what is left; why some of it has to be sent again, if so."""
        why = None
        uids = planned.study_instance_uid, planned.series_instance_uid, planned.sop_instance_uid
        async with aclosing(self._instances.pages(*uids)) as pages:
            async for page in pages:
                left = tuple(each for each in page if each.sop_instance_uid not in settled)
                if not left:
                    continue
                result = await target.send(
                    Delivery(planned.target, planned.reason, attempt, *uids, left)
                )
                if not isinstance(result, DeliveryResult):
                    raise TypeError(f"send: {type(result).__name__} instead of DeliveryResult")
                why = settled.note(left, result) or why
                if result.outcome is DeliveryOutcome.AGAIN:
                    return why
        return why

    def _remember(self, job: Job, settled: _Settled) -> None:
        self._settled[job.id] = settled
        while sum(map(len, self._settled.values())) > MAX_REMEMBERED:
            self._settled.popitem(last=False)


def _ended(planned: PlannedDelivery, job: Job, settled: _Settled, outcome: Outcome) -> Delivered:
    if isinstance(outcome, Done):
        kind, explanation = DeliveryOutcome.DELIVERED, outcome.explanation
    else:
        is_given_up = isinstance(outcome, Retry)
        kind = DeliveryOutcome.AGAIN if is_given_up else DeliveryOutcome.REFUSED
        explanation = outcome.reason
    return Delivered(
        target=planned.target,
        reason=planned.reason,
        outcome=kind,
        attempts=job.attempts,
        study_instance_uid=planned.study_instance_uid,
        series_instance_uid=planned.series_instance_uid,
        sop_instance_uid=planned.sop_instance_uid,
        delivered=len(settled.delivered),
        refused=len(settled.refused),
        explanation=explanation,
    )
