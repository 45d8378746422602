"""What the plugins did: counted by plugin and hook, and the last calls one by one."""

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum

LAST_CALLS = 1_000


class Ending(StrEnum):
    """How a call of an implementation ended."""

    ANSWERED = "answered"
    RAISED = "raised"
    LATE = "late"
    JUNK = "junk"
    RESTING = "resting"
    """It was not asked: it failed too often before."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call: when it ended, in the monotonic clock's seconds, and how long it took."""

    ended_at: float
    hook: str
    plugin: str
    seconds: float
    ending: Ending


@dataclass(slots=True)
class Count:
    """The calls of one implementation."""

    endings: Counter[Ending] = field(default_factory=Counter)
    seconds: float = 0.0


class Tally:
    """Counts all calls of a daemon's hooks and keeps the last `LAST_CALLS`."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], Count] = {}
        self._calls: deque[Call] = deque(maxlen=LAST_CALLS)

    def count_of(self, hook: str, plugin: str) -> Count:
        """The count of one implementation, from now on in `counts`."""
        return self.counts.setdefault((hook, plugin), Count())

    def note(self, count: Count, call: Call) -> None:
        """Count a call and keep it."""
        count.endings[call.ending] += 1
        count.seconds += call.seconds
        self._calls.append(call)

    def last_calls(self) -> list[Call]:
        """The last calls, the oldest first."""
        return list(self._calls)
