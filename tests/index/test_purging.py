from collections.abc import Sequence

from pacsd.index.deletion_records import Cause, Due
from pacsd.index.desks import WriterDesk
from pacsd.index.instances import _delete
from pacsd.index.purging import due, purge
from pacsd.index.records import Outcome
from tests.index.made import SCOPE, added, new, outcomes, rows

NAME, STUDY = 0x00100010, 0x00081030


def delete(desk: WriterDesk, *uids: str, at_us: int = 10) -> None:
    desk.perform(lambda session: _delete(SCOPE, uids, "admin", Cause(at_us), session))


def due_at(desk: WriterDesk, at_us: int, limit: int = 100) -> list[Due]:
    return desk.perform(lambda session: due(SCOPE, ("store_fs",), at_us, limit, session))


def purged(desk: WriterDesk, numbers: Sequence[int]) -> None:
    desk.perform(lambda session: purge(SCOPE, numbers, "pacsd", session))
    desk.tend()


def numbers(desk: WriterDesk) -> dict[str, int]:
    found = rows(desk, "SELECT sop_instance_uid, id FROM instance")
    return {str(uid): int(str(number)) for uid, number in found}


def test_the_oldest_decision_is_due_first(desk: WriterDesk) -> None:
    added(desk, *(new(f"1.{number}") for number in range(4)))
    delete(desk, "1.3", at_us=30)
    delete(desk, "1.1", "1.2", at_us=20)

    def uids(at_us: int, limit: int = 100) -> list[str]:
        return [each.instance.sop_instance_uid for each in due_at(desk, at_us, limit)]

    assert uids(20) == []
    assert uids(31) == ["1.1", "1.2"]
    assert uids(31, 1) == ["1.1"]
    purged(desk, [numbers(desk)["1.1"], numbers(desk)["1.2"]])
    assert uids(31) == ["1.3"]


def test_what_lies_in_another_store_is_not_due(desk: WriterDesk) -> None:
    """Its key may be that of another file in ours."""
    added(desk, new("1.0", store="old"), new("1.1", store="old"), new("1.2"), new("1.3"))
    delete(desk, "1.0", at_us=10)
    delete(desk, "1.1", "1.2", at_us=20)
    delete(desk, "1.3", at_us=30)
    assert [each.instance.sop_instance_uid for each in due_at(desk, 31)] == ["1.2"]


def test_what_others_hang_on_is_told_as_it_came(desk: WriterDesk) -> None:
    """The first one of a series, and one whose UID another data set claims."""
    first = new("1.0", attributes={NAME: "Doe", STUDY: "Chest"})
    added(desk, first, new("1.1"), new("1.2"), new("1.2", content=b"another"))
    delete(desk, "1.0", "1.1", "1.2")
    begun, plain, disputed = due_at(desk, 11)
    assert begun.former is not None
    assert begun.former.attributes == {NAME: "Doe", STUDY: "Chest"}
    assert begun.former.copy == first.copy
    assert plain.former is None
    assert disputed.former is not None


def test_a_study_of_which_something_is_left_stays(desk: WriterDesk) -> None:
    added(desk, new("1.0"), new("1.1"), new("1.2", series="1.2.3.9"))
    delete(desk, "1.0", "1.2")
    purged(desk, [numbers(desk)["1.0"], numbers(desk)["1.2"]])
    assert [*numbers(desk)] == ["1.1"]
    assert rows(desk, "SELECT series_instance_uid FROM series") == [("1.2.3.0",)]
    assert rows(desk, "SELECT COUNT(*) FROM study") == [(1,)]
    assert rows(desk, "SELECT COUNT(*) FROM copy") == [(1,)]
    assert rows(desk, "SELECT COUNT(*) FROM deletion") == [(0,)]


def test_of_an_empty_study_nothing_is_left(desk: WriterDesk) -> None:
    added(desk, new("1.0"), new("1.1", series="1.2.3.9"))
    delete(desk, "1.0", "1.1")
    purged(desk, [*numbers(desk).values()])
    for table in ("instance", "copy", "series", "study", "patient", "deleted", "deletion"):
        assert rows(desk, f"SELECT COUNT(*) FROM {table}") == [(0,)]  # noqa: S608
    # The study is new, and so is its patient.
    assert outcomes(added(desk, new("1.0", patient_id="P2"))) == [Outcome.STORED]


def test_a_patient_with_another_study_stays(desk: WriterDesk) -> None:
    added(desk, new("1.0"), new("2.0", study="2", series="2.1"))
    delete(desk, "1.0")
    purged(desk, [numbers(desk)["1.0"]])
    assert rows(desk, "SELECT study_instance_uid FROM study") == [("2",)]
    assert rows(desk, "SELECT COUNT(*) FROM patient") == [(1,)]


def test_a_held_instance_goes_alone(desk: WriterDesk) -> None:
    added(desk, new("1.0"), new("1.1", patient_id="P2"))
    delete(desk, "1.1")
    [held] = due_at(desk, 11)
    assert held.former is None
    purged(desk, [held.instance.id])
    assert [*numbers(desk)] == ["1.0"]
    assert rows(desk, "SELECT COUNT(*) FROM held") == [(0,)]


def test_it_is_told(desk: WriterDesk) -> None:
    [verdict] = added(desk, new("1.0"))
    delete(desk, "1.0")
    purged(desk, [verdict.instance])
    assert rows(desk, "SELECT kind, instance_row FROM change ORDER BY id DESC LIMIT 1") == [
        (11, verdict.instance)
    ]
    audited = "SELECT actor, action, study_instance_uid, detail FROM audit ORDER BY id DESC LIMIT 1"
    assert rows(desk, audited) == [("pacsd", "purge", "1.2.3", "1 instances")]
