"""How long a job waits after an attempt that failed: longer each time, up to a bound."""

from dataclasses import dataclass

_MOST_DOUBLINGS = 64


@dataclass(frozen=True, slots=True)
class Backoff:
    """From `first_s` on twice as long each time, at most `most_s`.

    Up to `jitter` of it is left out by chance, so that what failed together is not tried together.
    """

    first_s: float = 5.0
    most_s: float = 3_600.0
    jitter: float = 0.25

    def delay_s(self, attempt: int, chance: float) -> float:
        """The wait after an attempt (the first is 1); `chance` is from 0 to less than 1."""
        doublings = min(attempt - 1, _MOST_DOUBLINGS)
        whole_s = min(self.most_s, self.first_s * 2.0**doublings)
        return whole_s * (1.0 - self.jitter * chance)
