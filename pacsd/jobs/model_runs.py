"""Models are run for plugins: on a runner found by its name, so many at once as that takes.

A runner may be shared by the models of several plugins: who finds no place waits for one, in the
order of coming, for a short time, and then comes again. A run that is late, whose job is broken off
or whose runner's plugin is exchanged, is cancelled.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

import anyio

from pacsd.api.ai import AiFindings, RunModel
from pacsd.api.ai_runner import AiWork
from pacsd.api.errors import NotProvided
from pacsd.jobs.observer import RunObserver
from pacsd.jobs.outcomes import Dead, Later, Retry

WAIT_S = 2.0
"""For a place. Whoever waits keeps a worker from all other durable work."""
AGAIN_AFTER_S = 8.0
"""How long a job waits that got no place, without a worker; then its plugin is asked anew."""


class Runner(Protocol):
    """An AiRunner, contained and judged: whatever goes wrong in it is a RunFailed."""

    @property
    def plugin(self) -> str:
        """Whose it is."""

    @property
    def max_at_once(self) -> int:
        """How many runs it takes at a time; RunFailed if it does not say."""

    async def run(self, work: AiWork) -> AiFindings | None:
        """Run a model; RunFailed if it could not, RunBrokenOff if its plugin is exchanged."""


FindRunner = Callable[[str], Awaitable[Runner]]
"""Raises NotProvided when there is none of this name, and whatever else when it cannot be had."""


class RunFailed(Exception):
    """A runner did not run a model, or broke its contract; what it raised is the `__cause__`."""


class RunBrokenOff(Exception):
    """A run was not to go on, and nobody failed: its runner's plugin is exchanged."""


class ModelRuns:
    """Has models run, by runners found by name."""

    def __init__(
        self, find: FindRunner, observer: RunObserver, now_s: Callable[[], float] = monotonic
    ) -> None:
        self._find = find
        self._observer = observer
        self._now_s = now_s
        self._places = _Places()

    async def run(self, run: RunModel, work: AiWork) -> AiFindings | Dead | Later | Retry | None:
        """What a model finds, or else what becomes of its job, with a reason that names both."""
        try:
            places = (await self._find(run.runner)).max_at_once
            async with self._places.one(run.runner, places):
                # A reload may have exchanged it meanwhile.
                return await self._made(await self._find(run.runner), run, work)
        except NotProvided as error:
            return Dead(f"{named(run)}: {error.explanation}")
        except _NoPlace:
            return Later(f"{named(run)}: no place within {WAIT_S:g} s", AGAIN_AFTER_S)
        except RunBrokenOff as error:
            return Later(f"{named(run)}: {error}", 0.0)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a runner is its own
            return Retry(f"{named(run)}: {error}")

    async def _made(self, runner: Runner, run: RunModel, work: AiWork) -> AiFindings | None:
        began_s = self._now_s()
        failed = RunFailed(f"it took more than {run.deadline_s:g} s")
        with anyio.move_on_after(run.deadline_s) as scope:
            try:
                findings = await runner.run(work)
            except RunFailed as error:
                failed = error
            except RunBrokenOff:
                self._observer.run_broken_off(run, runner.plugin, self._now_s() - began_s)
                raise
            else:
                self._observer.run_ended(run, runner.plugin, self._now_s() - began_s, findings)
                return findings
        is_late = scope.cancelled_caught
        took_s = self._now_s() - began_s
        self._observer.run_failed(run, runner.plugin, took_s, failed, is_late=is_late)
        raise failed


def named(run: RunModel) -> str:
    """A run in the words of whoever runs pacsd."""
    return f"runner {run.runner}, model {' '.join(filter(None, (run.model, run.version)))}"


class _NoPlace(Exception):
    """All places were taken for too long."""


@dataclass(slots=True)
class _Place:
    limiter: anyio.CapacityLimiter
    users: int = 0
    """Who runs or waits."""


class _Places:
    """The places of runners that somebody uses, by name."""

    def __init__(self) -> None:
        self._places: dict[str, _Place] = {}

    @asynccontextmanager
    async def one(self, name: str, at_most: int) -> AsyncGenerator[None, None]:
        """Hold one of so many, which may be others than before.

        Raises:
            _NoPlace: there was none in time.
        """
        place = self._places.setdefault(name, _Place(anyio.CapacityLimiter(at_most)))
        place.limiter.total_tokens = at_most
        place.users += 1
        try:
            await _acquire(place.limiter)
            try:
                yield
            finally:
                place.limiter.release()
        finally:
            place.users -= 1
            if not place.users:
                del self._places[name]


async def _acquire(limiter: anyio.CapacityLimiter) -> None:
    with anyio.move_on_after(WAIT_S) as scope:
        await limiter.acquire()
    if scope.cancelled_caught:
        raise _NoPlace
