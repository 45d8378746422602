"""How long to wait before another try."""

import random
from collections.abc import Callable
from dataclasses import dataclass


def _any_fraction() -> float:
    return random.random()  # noqa: S311 - spreads tries over time, guards nothing


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubles from `first_s` to `most_s`; each wait is between half of that and all of it."""

    first_s: float
    most_s: float
    fraction: Callable[[], float] = _any_fraction

    def wait_s(self, failures: int) -> float:
        """The wait after so many failures, at least one."""
        # No power of more than it takes to get from a microsecond to a year.
        full_s = min(self.most_s, self.first_s * 2.0 ** min(failures - 1, 45))
        return full_s * (1 + self.fraction()) / 2


WHILE_DOWN = Backoff(1.0, 60.0)
"""Between two tries of a far store that does not answer."""

WHEN_REFUSED = Backoff(30.0, 1800.0)
"""Between two tries of an object that the far store refuses."""
