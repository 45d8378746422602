"""What the plugins did: counted by plugin and hook, and the last calls one by one."""

from collections import Counter, deque
from collections.abc import Container
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from pacsd.api.dispatch.breaker import Breaker

LAST_CALLS = 1_000


class Ending(StrEnum):
    """How a call of an implementation ended."""

    ANSWERED = "answered"
    RAISED = "raised"
    LATE = "late"
    JUNK = "junk"
    RESTING = "resting"
    """It was not asked: it failed too often before."""


# Looked up once: in Python 3.11 a member of an enumeration is slow to find.
_ANSWERED = Ending.ANSWERED


class Call(NamedTuple):
    """One call: when it ended, in `time.monotonic` seconds, and how long it took.

    `kind` is that of the answer, as `answer_kinds` has it; `traceback` that of what was raised.
    """

    ended_at: float
    hook: str
    plugin: str
    seconds: float
    ending: Ending
    kind: str = ""
    traceback: str = ""


@dataclass(slots=True)
class Count:
    """The calls of one implementation: answered, otherwise ended; and whether it rests."""

    breaker: Breaker = field(default_factory=Breaker)
    answered: int = 0
    failed: Counter[Ending] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def endings(self) -> Counter[Ending]:
        """Calls by how they ended."""
        return Counter({_ANSWERED: self.answered}) + self.failed


class Tally:
    """Counts all calls of a daemon's hooks and keeps the last `LAST_CALLS`."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], Count] = {}
        self._forgotten = 0
        # Plain tuples: a Call is made of one when somebody asks.
        self._calls: deque[tuple[Any, ...]] = deque(maxlen=LAST_CALLS)

    def count_of(self, hook: str, plugin: str) -> Count:
        """The count of one implementation, from now on in `counts`."""
        return self.counts.setdefault((hook, plugin), Count())

    def begin_anew(self, plugins: Container[str]) -> None:
        """Other instances of these plugins are asked from now on: what they did before stays."""
        for (_, plugin), count in self.counts.items():
            if plugin in plugins:
                count.breaker = Breaker()

    def keep_only(self, implemented: Container[tuple[str, str]]) -> None:
        """Forget the counts of what nobody implements any more, by hook and plugin."""
        total = self.total
        self.counts = {key: count for key, count in self.counts.items() if key in implemented}
        self._forgotten += total - self.total

    @property
    def total(self) -> int:
        """How many calls there were, those of which the counts are forgotten among them."""
        return self._forgotten + sum(count.endings.total() for count in self.counts.values())

    def note_answer(
        self, count: Count, hook: str, plugin: str, ended_at: float, s: float, kind: str = ""
    ) -> None:
        """Count and keep a call that was answered, as nearly all are."""
        count.answered += 1
        count.seconds += s
        self._calls.append((ended_at, hook, plugin, s, _ANSWERED, kind))

    def note(self, count: Count, call: Call) -> None:
        """Count and keep a call, however it ended."""
        if call.ending is _ANSWERED:
            count.answered += 1
        else:
            count.failed[call.ending] += 1
        count.seconds += call.seconds
        self._calls.append(call)

    def last_calls(self) -> list[Call]:
        """The last calls, the oldest first."""
        return [Call(*each) for each in self._calls]
