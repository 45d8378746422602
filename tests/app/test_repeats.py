import pytest

from pacsd.app import repeats
from pacsd.app.repeats import OTHERS, Repeats


def test_one_in_an_interval_for_each_kind() -> None:
    lines = Repeats(1.0)
    assert [lines.admit("a", now_s) for now_s in (0, 0.5, 0.9)] == [0, None, None]
    assert lines.admit("b", 0.9) == 0
    assert lines.admit("a", 1.0) == 2
    assert lines.admit("a", 2.0) == 0


def test_the_rest_of_a_burst_is_taken_once_its_interval_is_over() -> None:
    lines = Repeats(1.0)
    for now_s in (0, 0.1, 0.2):
        lines.admit("a", now_s)
    lines.admit("alone", 0.2)
    assert lines.take_rest(0.9) == {}
    assert lines.take_rest(1.3) == {"a": 2}
    assert lines.take_rest(9) == {}
    assert lines.admit("a", 9.1) == 0


def test_in_the_end_all_is_taken() -> None:
    lines = Repeats(1.0)
    for _ in range(3):
        lines.admit("a", 5.0)
    assert lines.take_rest() == {"a": 2}
    assert lines.take_rest() == {}


def test_kinds_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "MAX_KINDS", 2)
    lines = Repeats(1.0)
    assert [lines.admit(kind, 0) for kind in "abcd"] == [0, 0, 0, None]
    assert lines.take_rest() == {OTHERS: 1}
