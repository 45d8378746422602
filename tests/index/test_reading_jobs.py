from functools import partial

from pacsd.index.desks import WriterDesk
from pacsd.index.ending_jobs import fail
from pacsd.index.job_records import Job, JobCount, JobFilter, JobState
from pacsd.index.reading_jobs import job_of, read_counts, read_job, read_page
from pacsd.index.records import Scope
from tests.index.job_queues import claimed, found, job, put
from tests.index.made import SCOPE


def page(desk: WriterDesk, wanted: JobFilter, after: int = 0, limit: int = 10) -> list[Job]:
    return desk.perform(lambda session: read_page(SCOPE, wanted, after, limit, session.connection))


def numbers(desk: WriterDesk, wanted: JobFilter, after: int = 0, limit: int = 10) -> list[int]:
    return [each.id for each in page(desk, wanted, after, limit)]


def test_a_list_is_filtered_and_paged(desk: WriterDesk) -> None:
    first, second, third = put(desk, job("a"), job("b"), job("b", kind="event"))
    (mine,) = claimed(desk)
    desk.perform(partial(fail, mine.lease, "never", None))
    assert numbers(desk, JobFilter()) == [first, second, third]
    assert numbers(desk, JobFilter(), after=first, limit=1) == [second]
    assert numbers(desk, JobFilter(state=JobState.DEAD)) == [first]
    assert numbers(desk, JobFilter(queue="b")) == [second, third]
    assert numbers(desk, JobFilter(JobState.WAITING, "b", "event")) == [third]
    assert page(desk, JobFilter(queue="c")) == []


def test_what_is_of_another_partition_is_not_seen(desk: WriterDesk) -> None:
    (number,) = put(desk, job())
    other = Scope(2)
    read = partial(read_job, other, number)
    assert desk.perform(lambda session: read(session.connection)) is None
    assert desk.perform(lambda session: read_counts(other, session.connection)) == ()
    listed = partial(read_page, other, JobFilter(), 0, 10)
    assert desk.perform(lambda session: listed(session.connection)) == []


def test_counts_are_told_by_queue_and_state(desk: WriterDesk) -> None:
    put(desk, job("b"), job("a"), job("a"))
    claimed(desk)
    assert desk.perform(lambda session: read_counts(SCOPE, session.connection)) == (
        JobCount("a", JobState.WAITING, 1),
        JobCount("a", JobState.LEASED, 1),
        JobCount("b", JobState.WAITING, 1),
    )


def test_a_row_is_a_job(desk: WriterDesk) -> None:
    (number,) = put(desk, job())
    there = found(desk, number)
    row = [getattr(there, name) for name in Job.__slots__]
    assert job_of(row) == there
