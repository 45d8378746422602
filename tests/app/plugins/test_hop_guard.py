import pytest

from pacsd.api.coercion import NotCoerced
from pacsd.app.plugins.hop_guard import MAX_HOPS, HopGuard
from pacsd.dicom.uid import is_valid_uid

HERE = HopGuard(lambda: b"here")
THERE = HopGuard(lambda: b"there")


def test_each_coercion_of_each_archive_has_a_mark_of_its_own() -> None:
    marks = [guard.mark(name) for guard in (HERE, THERE) for name in ("research", "teaching")]
    assert len({*marks}) == len(marks)
    assert all(is_valid_uid(mark) and mark.startswith("2.25.") for mark in marks)
    assert HopGuard(lambda: b"here").mark("research") == HERE.mark("research")


def test_what_a_coercion_has_made_here_it_does_not_make_again() -> None:
    marks = (THERE.mark("research"), HERE.mark("research"), THERE.mark("teaching"))
    with pytest.raises(NotCoerced, match=r"^it was coerced by research here before: a loop$"):
        HERE.check("research", marks)
    HERE.check("teaching", marks)
    HERE.check("research", (THERE.mark("research"),))


def test_copies_of_copies_come_to_an_end_whoever_makes_them() -> None:
    marks = [HERE.mark(str(number)) for number in range(MAX_HOPS)]
    HERE.check("research", marks[1:])
    with pytest.raises(NotCoerced, match="a copy of copies, 16 times, and 16 are the most: a loop"):
        HERE.check("research", marks)


def test_the_key_is_asked_for_once_it_could_be_had() -> None:
    answers = [b"", b"key", b"other"]

    def key() -> bytes:
        answer = answers.pop(0)
        if not answer:
            raise OSError("no disk")
        return answer

    tested = HopGuard(key)
    with pytest.raises(OSError, match="no disk"):
        tested.check("research", ())
    tested.check("research", ())
    assert tested.mark("research") == HopGuard(lambda: b"key").mark("research")
