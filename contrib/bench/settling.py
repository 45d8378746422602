"""What a server goes on with when it was given something, until it is idle."""

import time
from typing import Protocol

from contrib.bench.archives import NotFilled

LOOK_S = 1.0
IDLE_CPU_S = 0.02
"""No more in a look: an idle server takes a few milliseconds, and what counts has steps of ten."""

LOOKS = 120
"""No more of them."""


class TakesTime(Protocol):
    """A server, as far as its CPU time goes."""

    def cpu_s(self) -> float:
        """CPU seconds of its process tree so far."""


def settle(server: TakesTime) -> None:
    """Wait until it is idle, so that what it does behind its answers is done before it is stopped.

    Raises:
        NotFilled: it is not, however often that was looked at.
    """
    for _ in range(LOOKS):
        before_s = server.cpu_s()
        time.sleep(LOOK_S)
        if server.cpu_s() - before_s <= IDLE_CPU_S:
            return
    raise NotFilled(f"not idle {LOOKS * LOOK_S:.0f} s after it was filled")
