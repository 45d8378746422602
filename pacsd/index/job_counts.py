"""How many jobs of each queue are open, done, dead, cancelled: kept where that changes.

Which of the open ones run is not kept: they are few, and claims are many.
"""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import bindparam, delete, func, literal_column, select

from pacsd.index import schema_jobs
from pacsd.index.errors import JobQueueFull
from pacsd.index.job_records import MAX_OPEN_JOBS, MAX_QUEUES, JobState
from pacsd.index.session import WriteSession, insertion
from pacsd.index.sqlite import insert_or_add

_count = schema_jobs.job_count.c
_ADD = insertion(insert_or_add(schema_jobs.job_count, "jobs", "partition_id", "queue", "state"))
_FORGET_NONE = delete(schema_jobs.job_count).where(
    _count.partition_id == bindparam("partition"),
    _count.queue == bindparam("its_queue"),
    _count.state == bindparam("its_state"),
    _count.jobs == literal_column("0"),
)
OPEN = JobState.WAITING
"""The state as which all open jobs count here."""
_OPEN = select(func.coalesce(func.sum(_count.jobs), literal_column("0"))).where(
    _count.partition_id == bindparam("partition"),
    _count.queue == bindparam("its_queue"),
    _count.state == literal_column(str(OPEN.value)),
)
_QUEUES = select(func.count(_count.queue.distinct()))
_IS_KNOWN = select(_count.queue).where(
    _count.partition_id == bindparam("partition"), _count.queue == bindparam("its_queue")
)


class JobMoves:
    """What one transaction changes of the counts; `note` writes it, at its end."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session
        self._moves: Counter[tuple[int, str, int]] = Counter()

    def add(self, partition: int, queue: str, state: JobState, number: int = 1) -> None:
        """So many more jobs are in a state, or less."""
        counted = OPEN if state.is_open else state
        self._moves[partition, queue, counted.value] += number

    def move(self, partition: int, queue: str, before: JobState, after: JobState) -> None:
        """A job of a queue has another state."""
        self.add(partition, queue, before, -1)
        self.add(partition, queue, after)

    def note(self) -> None:
        """Write them; a count of none does not stay."""
        moved = [(*key, number) for key, number in sorted(self._moves.items()) if number]
        self._session.write(_ADD, moved)
        self._session.write(_FORGET_NONE, [row[:3] for row in moved if row[3] < 0])


def check_room(session: WriteSession, wanted: Iterable[tuple[int, str]]) -> None:
    """See that queues (with their partitions) can take jobs, each as often as it is named.

    Raises:
        JobQueueFull: one cannot.
    """
    begun = 0
    for (partition, queue), number in Counter(wanted).items():
        ((open_jobs,),) = session.fetch(_OPEN, partition, queue)
        if open_jobs + number > MAX_OPEN_JOBS:
            raise JobQueueFull(
                f"queue {queue}: {open_jobs} open jobs and {number} more are over {MAX_OPEN_JOBS}"
            )
        if not session.fetch(_IS_KNOWN, partition, queue):
            ((queues,),) = session.fetch(_QUEUES)
            begun += 1
            if queues + begun > MAX_QUEUES:
                raise JobQueueFull(f"queue {queue}: there are {MAX_QUEUES} queues, and no more")
