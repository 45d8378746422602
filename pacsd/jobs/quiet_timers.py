"""Quiet timers: a series or study to which no instance has come for a while is told of once.

The times stand in the index beside the cursor of who reads the change log for them, so that they
survive a restart; what has become due meanwhile is told of then. Only instances that come count: an
index made anew begins with none. What has as many instances as it is to have, where that is asked
for, is due at once.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import anyio

from pacsd.dicom.level import Level
from pacsd.index.change_records import CursorMove
from pacsd.index.errors import IndexFault
from pacsd.index.index import Index
from pacsd.index.quiet import COMING, Touched
from pacsd.index.records import Change, Scope
from pacsd.jobs.expected_counts import ExpectedCounts, at_once, complete
from pacsd.jobs.log_reading import Beginnings, position
from pacsd.jobs.observer import EventObserver

CONSUMER = "quiet timers"

TOGETHER = 1_000
"""Changes read at once."""
TOLD_TOGETHER = 100
"""Timers ended in one transaction: some milliseconds of the writer."""
GATHER_S = 0.5
"""Between two looks at the change log: while a study comes, its instances are noted together."""
PAUSE_S = 5.0
"""After which the index is asked again when it failed."""

NOTHING_EXPECTED = ExpectedCounts()

_US = 1_000_000
_ALL = Scope()
_BEGINNINGS = Beginnings(new_at_first=False, again_at_first=False)


@dataclass(frozen=True, slots=True)
class QuietDelays:
    """After how long without an instance a series, or a study, counts as quiet."""

    series_s: float
    study_s: float


class QuietTimers:
    """Notes what comes and tells what is quiet, while `run` runs."""

    def __init__(
        self,
        index: Index,
        delays: QuietDelays,
        observer: EventObserver,
        *,
        now_us: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        expected: ExpectedCounts = NOTHING_EXPECTED,
    ) -> None:
        self._index = index
        self._delays = delays
        self._observer = observer
        self._now_us = now_us
        self._sleep = sleep
        self._expected = expected
        self._number = 0

    async def run(self) -> None:
        """Note and tell until cancelled."""
        await self._persist(self._begin)
        while True:
            await self._persist(self.look)

    async def look(self) -> None:
        """Note what has come, then tell of what is quiet; if that is nothing, wait."""
        commits = self._index.changes.commits
        if await self._note_more() or await self._tell_due():
            return
        due_us = await self._index.quiet.next_due_us()
        async with anyio.create_task_group() as tasks:
            if due_us is not None:
                tasks.start_soon(self._until, due_us, tasks.cancel_scope)
            await self._index.changes.more(commits)
            await self._sleep(GATHER_S)
            tasks.cancel_scope.cancel()

    async def _note_more(self) -> bool:
        """Note what has come since the last look; whether there may be more already."""
        page = await self._index.changes.page(_ALL, self._number, TOGETHER)
        touched = _touched(page.changes, self._delays)
        if self._expected != NOTHING_EXPECTED:
            whole = await complete(self._index, self._expected, _last_of(page.changes))
            touched = at_once(touched, whole, self._now_us())
        is_full = len(page.changes) == TOGETHER
        last = page.changes[-1].number if page.changes else self._number
        # What touches nothing is read once more after a restart, which costs less than to note it.
        if touched or is_full:
            await self._index.quiet.note(touched, CursorMove(_ALL.partition, CONSUMER, last))
        self._number = last
        return is_full

    async def _tell_due(self) -> bool:
        """Tell of what is quiet; whether there may be more already."""
        gone = await self._index.quiet.tell_due(self._number, TOLD_TOGETHER)
        return gone == TOLD_TOGETHER

    async def _until(self, due_us: int, scope: anyio.CancelScope) -> None:
        await self._sleep(max(0.0, (due_us - self._now_us()) / _US))
        scope.cancel()

    async def _begin(self) -> None:
        self._number = await position(self._index, _ALL, CONSUMER, _BEGINNINGS, self._observer)

    async def _persist(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it, and again as long as the index fails."""
        while True:
            try:
                return await work()
            except IndexFault as fault:
                self._observer.delivery_waits(CONSUMER, fault)
                await self._sleep(PAUSE_S)


def _touched(changes: Iterable[Change], delays: QuietDelays) -> list[Touched]:
    """The last instance of each series and study that came, as timers."""
    series_us, study_us = int(delays.series_s * _US), int(delays.study_s * _US)
    due: dict[tuple[Level, int], int] = {}
    for change in changes:
        if change.kind in COMING and change.series is not None and change.study is not None:
            due[Level.SERIES, change.series] = change.at_us + series_us
            due[Level.STUDY, change.study] = change.at_us + study_us
    return [Touched(level, row, due_us) for (level, row), due_us in due.items()]


def _last_of(changes: Iterable[Change]) -> dict[tuple[Level, int], int]:
    """The last instance that came to each series and study."""
    last: dict[tuple[Level, int], int] = {}
    for change in changes:
        if change.kind not in COMING or change.instance is None:
            continue
        if change.series is not None and change.study is not None:
            last[Level.SERIES, change.series] = last[Level.STUDY, change.study] = change.instance
    return last
