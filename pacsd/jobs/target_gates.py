"""Targets that are down, paused or have other hours: nothing is begun for them until it is time.

The wait is that of the target, not of a delivery: while it is down no delivery has attempts, and
none loses its place. Once it is time one delivery looks for all the others.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pacsd.jobs.backoff import Backoff
from pacsd.jobs.target_hours import TargetHours

BACKOFF = Backoff(first_s=5.0, most_s=300.0)
# Jitter hides nothing from anybody.
_CHANCE = random.Random().random  # noqa: S311
_ALWAYS = TargetHours({}, lambda: datetime.now(UTC), UTC)


@dataclass(slots=True)
class _Gate:
    failures: int
    since_s: float
    opens_at_s: float
    why: str


class TargetObserver(Protocol):
    """Who is told of targets, by the queues of their jobs."""

    def target_down(self, queue: str, why: str) -> None:
        """One is down; told once, until it works again."""

    def target_works(self, queue: str, down_s: float) -> None:
        """It works again, after so many seconds."""


class _Nobody:
    def target_down(self, queue: str, why: str) -> None:
        """Nobody is told."""

    def target_works(self, queue: str, down_s: float) -> None:
        """Nobody is told."""


_NOBODY = _Nobody()


class TargetGates:
    """The gates of all targets, by the queues of their jobs. `clock_s` is a monotonic clock.

    `at_once` says how many deliveries to some of them are made at once, while they work.
    """

    def __init__(
        self,
        clock_s: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = _CHANCE,
        hours: TargetHours = _ALWAYS,
        at_once: Mapping[str, int] | None = None,
        observer: TargetObserver = _NOBODY,
    ) -> None:
        self._clock_s = clock_s
        self._chance = chance
        self._hours = hours
        self._at_once = at_once or {}
        self._observer = observer
        self._gates: dict[str, _Gate] = {}
        self._paused: set[str] = set()

    def close(self, queue: str, why: str) -> float:
        """A target is down: nothing is begun for so many seconds, longer each time."""
        now_s = self._clock_s()
        gate = self._gates.get(queue)
        if gate is None:
            gate = self._gates[queue] = _Gate(0, now_s, now_s, why)
            self._observer.target_down(queue, why)
        gate.failures += 1
        gate.why = why
        wait_s = BACKOFF.delay_s(gate.failures, self._chance())
        gate.opens_at_s = now_s + wait_s
        return wait_s

    def open(self, queue: str) -> None:
        """A target works."""
        gate = self._gates.pop(queue, None)
        if gate is not None:
            self._observer.target_works(queue, self._clock_s() - gate.since_s)

    def pause(self, queue: str) -> None:
        """Nothing is begun until `resume`."""
        self._paused.add(queue)

    def resume(self, queue: str) -> None:
        """It is no longer paused; whoever works has to be woken."""
        self._paused.discard(queue)

    def is_doubtful(self, queue: str) -> bool:
        """Whether a target was down when somebody last looked."""
        return queue in self._gates

    def down(self) -> Mapping[str, float]:
        """The targets that are down, and for how many seconds they have been."""
        now_s = self._clock_s()
        return {queue: now_s - gate.since_s for queue, gate in self._gates.items()}

    @property
    def paused(self) -> frozenset[str]:
        """Those that are paused."""
        return frozenset(self._paused)

    def why(self, queue: str) -> str:
        """Why nothing is begun now; '' where something is."""
        if self._wait_s(queue) > 0:
            return self._gates[queue].why
        return self._hours.why(queue)

    def places(self) -> Mapping[str, int]:
        """How many jobs of some queues may run: of paused ones, and outside of their hours, none.

        Of doubtful ones one looks for all others, once it is time.
        """
        doubtful = {queue: int(self._wait_s(queue) <= 0) for queue in self._gates}
        shut = dict.fromkeys((*self._hours.closed(), *self._paused), 0)
        return {**self._at_once, **doubtful, **shut}

    def opens_in_s(self) -> float | None:
        """When it is time to look again, at the first of those that are shut; None: none is."""
        shut = {*self._gates, *self._hours.closed()} - self._paused
        waits_s = (max(self._wait_s(each), self._hours.opens_in_s(each)) for each in shut)
        return min((each for each in waits_s if each > 0), default=None)

    def _wait_s(self, queue: str) -> float:
        """For so long a target that is down is left alone."""
        gate = self._gates.get(queue)
        return 0.0 if gate is None else gate.opens_at_s - self._clock_s()
