"""One attempt at a job: its deadline, and how its end is noted."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

import anyio

from pacsd.api.windows import WindowError, parse_window
from pacsd.index.job_records import Job, JobState
from pacsd.index.jobs import Jobs
from pacsd.jobs.observer import JobObserver
from pacsd.jobs.outcomes import Dead, Done, Handler, Later, Outcome, Retry

_US = 1_000_000
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Attempts:
    """Makes attempts at jobs that are leased.

    `now_us` is UTC microseconds, `chance` gives numbers from 0 to less than 1, `zone` is that of
    schedule windows.
    """

    def __init__(
        self,
        jobs: Jobs,
        observer: JobObserver,
        *,
        now_us: Callable[[], int],
        chance: Callable[[], float],
        zone: tzinfo,
    ) -> None:
        self._jobs = jobs
        self._observer = observer
        self._now_us = now_us
        self._chance = chance
        self._zone = zone

    async def make(self, job: Job, handler: Handler) -> None:
        """Make one, or none outside of the job's schedule window.

        Cancelled, it gives the lease back.

        Raises:
            IndexFault: its end could not be noted; it is made again when the lease runs out.
        """
        try:
            opening_us = self._opening_us(job)
        except WindowError as error:
            await self._note(job, handler, Dead(str(error)))
            return
        if opening_us > self._now_us():
            await self._jobs.give_back([job.lease], opening_us)
            return
        try:
            outcome = await outcome_of(job, handler)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._jobs.give_back([job.lease])
            raise
        # What was done is noted even if the end is near.
        with anyio.CancelScope(shield=True):
            await self._note(job, handler, outcome)

    def _opening_us(self, job: Job) -> int:
        if not job.window:
            return 0
        now = _BEGINNING + self._now_us() * _MICROSECOND
        opening = parse_window(job.window).opening(now, self._zone)
        return (opening - _BEGINNING) // _MICROSECOND

    async def _note(self, job: Job, handler: Handler, outcome: Outcome) -> None:
        if isinstance(outcome, Later):
            await self._give_back(job, outcome.after_s)
            return
        state: JobState | None
        if isinstance(outcome, Done):
            explanation = outcome.explanation
            state = JobState.DONE if await self._jobs.finish(job.lease, explanation) else None
        else:
            explanation = outcome.reason
            retry_at_us = self._retry_at_us(job, handler, outcome)
            state = await self._jobs.fail(job.lease, explanation, retry_at_us)
        if state is None:
            self._observer.lease_lost(job)
        else:
            self._observer.attempt_ended(job, state, explanation)

    async def _give_back(self, job: Job, after_s: float | None) -> None:
        not_before_us = 0 if after_s is None else self._now_us() + int(after_s * _US)
        await self._jobs.give_back([job.lease], not_before_us)

    def _retry_at_us(self, job: Job, handler: Handler, outcome: Retry | Dead) -> int | None:
        if isinstance(outcome, Dead):
            return None
        delay_s = outcome.after_s
        if delay_s is None:
            delay_s = handler.backoff.delay_s(job.attempts, self._chance())
        return self._now_us() + int(delay_s * _US)


async def outcome_of(job: Job, handler: Handler) -> Outcome:
    """Have a handler run a job; what it raises, and that it takes too long, is a Retry."""
    with anyio.move_on_after(handler.deadline_s):
        try:
            return await handler.run(job)
        except Exception as error:  # noqa: BLE001 - whatever is wrong is told of this job alone
            return Retry(f"{type(error).__name__}: {error}")
    return Retry(f"it took more than {handler.deadline_s:g} s")
