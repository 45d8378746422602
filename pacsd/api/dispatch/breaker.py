"""A circuit breaker: who fails again and again is not asked for a while."""

FAILURES_IN_A_ROW = 5
REST_S = 30.0


class Breaker:
    """For one implementation. Times are of one monotonic clock.

    After `FAILURES_IN_A_ROW` it rests for `REST_S`; then it is asked again, and rests once more if
    it still fails.
    """

    __slots__ = ("_failures", "rests_until")

    def __init__(self) -> None:
        self._failures = 0
        self.rests_until = 0.0

    def rests(self, now: float) -> float:
        """For how many seconds it is not asked any more; 0 when it is."""
        return max(0.0, self.rests_until - now)

    def answered(self) -> None:
        """It did what it should."""
        self._failures = 0

    def failed(self, now: float) -> None:
        """It did not."""
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            self.rests_until = now + REST_S
