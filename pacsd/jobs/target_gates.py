"""Targets that are down or paused: nothing is begun for them until it is time to look again.

The wait is that of the target, not of a delivery: while it is down no delivery has attempts, and
none loses its place. Once it is time one delivery looks for all the others.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pacsd.jobs.backoff import Backoff

BACKOFF = Backoff(first_s=5.0, most_s=300.0)
# Jitter hides nothing from anybody.
_CHANCE = random.Random().random  # noqa: S311


@dataclass(slots=True)
class _Gate:
    failures: int
    opens_at_s: float
    why: str


class TargetGates:
    """The gates of all targets, by the queues of their jobs. `clock_s` is a monotonic clock."""

    def __init__(
        self,
        clock_s: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = _CHANCE,
    ) -> None:
        self._clock_s = clock_s
        self._chance = chance
        self._gates: dict[str, _Gate] = {}
        self._paused: set[str] = set()

    def close(self, queue: str, why: str) -> float:
        """A target is down: nothing is begun for so many seconds, longer each time."""
        gate = self._gates.get(queue)
        failures = 1 if gate is None else gate.failures + 1
        wait_s = BACKOFF.delay_s(failures, self._chance())
        self._gates[queue] = _Gate(failures, self._clock_s() + wait_s, why)
        return wait_s

    def open(self, queue: str) -> None:
        """A target works."""
        self._gates.pop(queue, None)

    def pause(self, queue: str) -> None:
        """Nothing is begun until `resume`."""
        self._paused.add(queue)

    def resume(self, queue: str) -> None:
        """It is no longer paused; whoever works has to be woken."""
        self._paused.discard(queue)

    def is_doubtful(self, queue: str) -> bool:
        """Whether a target was down when somebody last looked."""
        return queue in self._gates

    def why(self, queue: str) -> str:
        """Why nothing is begun now; '' where something is."""
        gate = self._gates.get(queue)
        return gate.why if gate is not None and gate.opens_at_s > self._clock_s() else ""

    def places(self) -> Mapping[str, int]:
        """How many jobs of some queues may run: of paused ones none.

        Of doubtful ones one looks for all others, once it is time.
        """
        now_s = self._clock_s()
        doubtful = {queue: int(gate.opens_at_s <= now_s) for queue, gate in self._gates.items()}
        return doubtful | dict.fromkeys(self._paused, 0)

    def opens_in_s(self) -> float | None:
        """When it is time to look again, at the first of those that are shut; None: none is."""
        now_s = self._clock_s()
        shut = (gate for queue, gate in self._gates.items() if queue not in self._paused)
        times = [gate.opens_at_s for gate in shut if gate.opens_at_s > now_s]
        return min(times) - now_s if times else None
