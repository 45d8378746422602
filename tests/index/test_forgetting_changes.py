from pathlib import Path

from pacsd.index.desks import WriterDesk
from pacsd.index.forgetting_changes import forget_changes
from pacsd.index.index import Index
from tests.index.made import BEGINNING_US, SCOPE, added, desk_in, new, rows

LATER_US = BEGINNING_US + 1_000_000
LEFT = "SELECT id FROM change ORDER BY id"
NOTED = "SELECT value FROM meta WHERE key = 'forgotten_changes'"


def numbers(desk: WriterDesk) -> list[int]:
    return [int(str(row[0])) for row in rows(desk, LEFT)]


def test_the_oldest_go_and_the_newest_stays(desk: WriterDesk) -> None:
    for uid in ("1.1", "1.2", "1.3", "1.4"):
        added(desk, new(uid))
    first, second, third, fourth = numbers(desk)
    assert desk.perform(lambda session: forget_changes(LATER_US, 2, session)) == 2
    assert numbers(desk) == [third, fourth]
    assert rows(desk, NOTED) == [(str(second),)]
    assert desk.perform(lambda session: forget_changes(LATER_US, 9, session)) == 1
    assert desk.perform(lambda session: forget_changes(LATER_US, 9, session)) == 0
    assert (numbers(desk), rows(desk, NOTED)) == ([fourth], [(str(third),)])
    assert first < second


def test_what_is_not_old_stays(desk: WriterDesk) -> None:
    assert desk.perform(lambda session: forget_changes(LATER_US, 9, session)) == 0
    added(desk, new("1.1"))
    ((at_us,),) = rows(desk, "SELECT at_us FROM change")
    added(desk, new("1.2"), new("1.3"))
    before = numbers(desk)
    assert desk.perform(lambda session: forget_changes(int(str(at_us)), 9, session)) == 0
    assert numbers(desk) == before
    assert rows(desk, NOTED) == []
    assert desk.perform(lambda session: forget_changes(int(str(at_us)) + 1, 9, session)) == 1
    assert numbers(desk) == before[1:]


def test_no_number_is_given_twice(tmp_path: Path) -> None:
    with desk_in(tmp_path) as desk:
        added(desk, new("1.1"), new("1.2"))
        newest = numbers(desk)[-1]
        desk.perform(lambda session: forget_changes(2**60, 9, session))
        rows(desk, "DELETE FROM audit RETURNING id")
    with desk_in(tmp_path) as desk:
        added(desk, new("1.3"))
        assert numbers(desk)[-1] > newest


async def test_who_asks_for_them_is_told(index: Index) -> None:
    await index.add([new("1.1"), new("1.2")])
    told = await index.changes.told(SCOPE, 0, 9)
    assert await index.changes.forget(LATER_US, 9) == 1
    left = await index.changes.told(SCOPE, 0, 9)
    assert left.changes == told.changes[1:]
    assert left.forgotten == told.changes[0].number
