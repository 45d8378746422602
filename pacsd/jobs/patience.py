"""For how long a delivery waits for its target."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """So long a delivery waits for a target that is down, or does not say what it keeps.

    `now_us` is UTC microseconds, `clock_s` a monotonic clock.
    """

    keep_trying_us: int
    now_us: Callable[[], int]
    clock_s: Callable[[], float] = time.monotonic

    def is_over(self, since_us: int) -> bool:
        """Whether somebody who has waited since then has waited for too long."""
        return self.now_us() - since_us > self.keep_trying_us
