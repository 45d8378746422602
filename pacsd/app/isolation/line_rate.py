"""So many lines a second may a plugin write to the log; the others are counted."""

from collections.abc import Callable

LINES_PER_S = 100


class LineRate:
    """Counts in whole seconds. `now_s` is a monotonic clock."""

    def __init__(self, now_s: Callable[[], float], lines_per_s: int = LINES_PER_S) -> None:
        self._now_s = now_s
        self._lines_per_s = lines_per_s
        self._second_began_s = now_s()
        self._passed = 0
        self._lost = 0

    def admits(self) -> bool:
        """Whether one more line may be written; if not, it is counted as lost."""
        now_s = self._now_s()
        if now_s - self._second_began_s >= 1:
            self._second_began_s = now_s
            self._passed = 0
        if self._passed >= self._lines_per_s:
            self._lost += 1
            return False
        self._passed += 1
        return True

    def lose(self, lines: int) -> None:
        """Count lines that nobody asked about."""
        self._lost += lines

    def take_lost(self) -> int:
        """How many were lost since this was last asked."""
        lost, self._lost = self._lost, 0
        return lost
