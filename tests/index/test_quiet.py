from pacsd.dicom.level import Level
from pacsd.index.change_records import CursorMove
from pacsd.index.index import Index
from pacsd.index.quiet import Touched
from pacsd.index.records import Change, ChangeKind
from tests.index.made import SCOPE, SECOND_US, Clock, new
from tests.index.test_deletions import CAUSE

MOVE = CursorMove(1, "quiet", 1)
READ = 1_000
"""Behind all that comes in these tests."""
QUIET = {ChangeKind.SERIES_QUIET, ChangeKind.STUDY_QUIET}


async def stored(index: Index) -> Change:
    await index.add([new("1.1")])
    return (await index.changes.page(SCOPE)).changes[-1]


def touched(change: Change, due_us: int) -> list[Touched]:
    assert change.series is not None
    assert change.study is not None
    return [
        Touched(Level.SERIES, change.series, due_us),
        Touched(Level.STUDY, change.study, due_us + SECOND_US),
    ]


async def quiet(index: Index) -> list[Change]:
    return [each for each in (await index.changes.page(SCOPE)).changes if each.kind in QUIET]


async def test_what_is_due_is_told_once(index: Index, clock: Clock) -> None:
    change = await stored(index)
    due_us = clock.us + SECOND_US
    await index.quiet.note(touched(change, due_us), MOVE)
    assert await index.changes.cursor(SCOPE, "quiet") == 1
    assert await index.quiet.next_due_us() == due_us
    assert await index.quiet.tell_due(READ, 10) == 0
    clock.us = due_us
    commits = index.changes.commits
    assert await index.quiet.tell_due(READ, 10) == 1
    await index.changes.more(commits)
    (series,) = await quiet(index)
    assert (series.kind, series.study, series.series, series.instance) == (
        ChangeKind.SERIES_QUIET,
        change.study,
        change.series,
        None,
    )
    clock.us += SECOND_US
    assert await index.quiet.tell_due(READ, 10) == 1
    assert (await quiet(index))[-1].kind is ChangeKind.STUDY_QUIET
    assert (await quiet(index))[-1].series is None
    assert await index.quiet.tell_due(READ, 10) == 0
    assert await index.quiet.next_due_us() is None


async def test_it_is_told_with_uids(index: Index, clock: Clock) -> None:
    await index.quiet.note(touched(await stored(index), clock.us - SECOND_US), MOVE)
    assert await index.quiet.tell_due(READ, 10) == 2
    series, study = (await index.changes.told(SCOPE, 0, 10)).changes[-2:]
    assert (series.study_instance_uid, series.series_instance_uid) == ("1.2.3", "1.2.3.0")
    assert (study.study_instance_uid, study.series_instance_uid) == ("1.2.3", "")


async def test_another_instance_sets_the_time_anew(index: Index, clock: Clock) -> None:
    change = await stored(index)
    await index.quiet.note(touched(change, clock.us), MOVE)
    later = clock.us + 9 * SECOND_US
    await index.quiet.note(touched(change, later), MOVE)
    assert await index.quiet.tell_due(READ, 10) == 0
    assert await index.quiet.next_due_us() == later


async def test_some_are_told_at_a_time(index: Index, clock: Clock) -> None:
    await index.quiet.note(touched(await stored(index), clock.us - SECOND_US), MOVE)
    assert [await index.quiet.tell_due(READ, 1) for _ in range(3)] == [1, 1, 0]


async def test_what_is_no_more_there_is_not_told_of(index: Index, clock: Clock) -> None:
    gone = [Touched(Level.SERIES, 77, clock.us), Touched(Level.STUDY, 78, clock.us)]
    await index.quiet.note(gone, MOVE)
    assert await index.quiet.tell_due(READ, 10) == 2
    assert await quiet(index) == []


async def test_a_study_that_became_quiet_is_of_the_same_version(index: Index, clock: Clock) -> None:
    change = await stored(index)
    version = await index.study_version(SCOPE, "1.2.3")
    await index.quiet.note(touched(change, clock.us - SECOND_US), MOVE)
    await index.quiet.tell_due(READ, 10)
    assert len(await quiet(index)) == 2
    assert await index.study_version(SCOPE, "1.2.3") == version


async def test_what_has_come_and_is_not_read_is_waited_for(index: Index, clock: Clock) -> None:
    change = await stored(index)
    await index.quiet.note(touched(change, clock.us - 2 * SECOND_US), MOVE)
    await index.add([new("1.2", series="1.2.3.9")])
    assert await index.quiet.tell_due(change.number, 10) == 1
    (series,) = await quiet(index)
    assert series.series == change.series
    await index.add([new("1.3")])
    await index.quiet.note(touched(change, clock.us - 2 * SECOND_US), MOVE)
    assert await index.quiet.tell_due(change.number, 10) == 0
    assert await index.quiet.tell_due((await index.changes.page(SCOPE)).changes[-1].number, 10) == 2


async def test_what_is_shown_is_counted(index: Index) -> None:
    await index.add([new("1.1"), new("1.2"), new("9.1", series="1.2.3.9")])
    change = (await index.changes.page(SCOPE)).changes[0]
    assert change.series is not None
    assert change.study is not None
    series, study = (Level.SERIES, change.series), (Level.STUDY, change.study)
    nowhere = (Level.SERIES, 4711)
    found = await index.quiet.counts([series, study, nowhere])
    assert found == {series: 2, study: 3, nowhere: 0}
    await index.instances.delete(SCOPE, ["1.1"], "admin", CAUSE)
    assert await index.quiet.counts([series, study]) == {series: 1, study: 2}
