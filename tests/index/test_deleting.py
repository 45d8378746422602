from pacsd.dicom.level import Level
from pacsd.index.deleting import forget_deleted, note_deleted
from pacsd.index.deletion_records import Cause
from pacsd.index.desks import WriterDesk
from tests.index.made import added, new, rows

CAUSE = Cause(7, "a mistake", Level.STUDY, "1.2.3")


def stored(desk: WriterDesk, count: int) -> list[int]:
    verdicts = added(desk, *(new(f"1.{number}") for number in range(count)))
    return [each.instance for each in verdicts]


def note(desk: WriterDesk, actor: str, cause: Cause, instances: list[int]) -> None:
    desk.perform(lambda session: note_deleted(session, 1, actor, cause, instances))


def noted(desk: WriterDesk) -> list[tuple[object, ...]]:
    return rows(
        desk,
        "SELECT instance_row, actor, reason, at_us, level, uid FROM deleted"
        " JOIN deletion ON deletion_row = deletion.id ORDER BY instance_row",
    )


def test_parts_of_one_decision_are_one_row(desk: WriterDesk) -> None:
    first, second, third = stored(desk, 3)
    note(desk, "admin", CAUSE, [first])
    note(desk, "admin", CAUSE, [second])
    note(desk, "another", CAUSE, [third])
    said = ("a mistake", 7, Level.STUDY.value, "1.2.3")
    assert noted(desk) == [
        (first, "admin", *said), (second, "admin", *said), (third, "another", *said),
    ]  # fmt: skip
    assert rows(desk, "SELECT COUNT(*) FROM deletion") == [(2,)]


def test_a_decision_that_nothing_hangs_on_goes(desk: WriterDesk) -> None:
    first, second = stored(desk, 2)
    note(desk, "admin", CAUSE, [first, second])
    desk.perform(lambda session: forget_deleted(session, [first]))
    assert [row[0] for row in noted(desk)] == [second]
    desk.perform(lambda session: forget_deleted(session, [first, second]))
    assert rows(desk, "SELECT id FROM deletion") == []


def test_nothing_is_noted_of_nothing(desk: WriterDesk) -> None:
    note(desk, "admin", CAUSE, [])
    desk.perform(lambda session: forget_deleted(session, []))
    assert rows(desk, "SELECT id FROM deletion") == []
