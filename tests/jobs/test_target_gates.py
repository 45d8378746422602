import pytest

from pacsd.jobs.target_gates import BACKOFF, TargetGates
from pacsd.jobs.target_hours import TargetHours


class Time:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def gates(time: Time) -> TargetGates:
    return TargetGates(time, lambda: 0.0)


def test_a_gate_is_shut_longer_each_time_up_to_a_bound(gates: TargetGates) -> None:
    waits_s = [gates.close("a", "down") for _ in range(10)]
    assert waits_s[:3] == [BACKOFF.first_s, 2 * BACKOFF.first_s, 4 * BACKOFF.first_s]
    assert waits_s[-1] == BACKOFF.most_s


def test_once_it_is_time_one_looks_for_all(gates: TargetGates, time: Time) -> None:
    wait_s = gates.close("a", "down")
    assert gates.places() == {"a": 0}
    assert gates.opens_in_s() == wait_s
    assert gates.why("a") == "down"
    time.now_s += wait_s
    assert gates.places() == {"a": 1}
    assert gates.is_doubtful("a")
    assert (gates.opens_in_s(), gates.why("a")) == (None, "")
    gates.open("a")
    assert gates.places() == {}
    assert not gates.is_doubtful("a")


def test_what_works_again_begins_with_a_short_wait(gates: TargetGates) -> None:
    gates.close("a", "down")
    gates.close("a", "down")
    gates.open("a")
    assert gates.close("a", "down") == BACKOFF.first_s


def test_the_first_that_opens_counts(gates: TargetGates) -> None:
    gates.close("a", "down")
    gates.close("a", "down")
    gates.close("b", "down")
    assert gates.opens_in_s() == BACKOFF.first_s


def test_what_is_paused_opens_when_somebody_says_so(gates: TargetGates, time: Time) -> None:
    gates.pause("a")
    gates.close("a", "down")
    time.now_s += BACKOFF.most_s
    assert gates.places() == {"a": 0}
    assert gates.opens_in_s() is None
    gates.resume("a")
    assert gates.places() == {"a": 1}


class Hours(TargetHours):
    """`a` is outside of its hours."""

    def __init__(self) -> None:
        self.wait_s = 60.0

    def closed(self) -> list[str]:
        return ["a"] if self.wait_s else []

    def opens_in_s(self, queue: str) -> float:
        return self.wait_s if queue == "a" else 0.0

    def why(self, queue: str) -> str:
        return "night" if queue in self.closed() else ""


def test_nothing_is_begun_outside_of_the_hours_of_a_target(time: Time) -> None:
    hours = Hours()
    gates = TargetGates(time, lambda: 0.0, hours, {"a": 4, "b": 3})
    assert gates.places() == {"a": 0, "b": 3}
    assert (gates.opens_in_s(), gates.why("a"), gates.why("b")) == (60, "night", "")
    hours.wait_s = 0.0
    assert gates.places() == {"a": 4, "b": 3}
    assert (gates.opens_in_s(), gates.why("a")) == (None, "")


def test_what_is_down_outside_of_its_hours_waits_for_both(time: Time) -> None:
    hours = Hours()
    gates = TargetGates(time, lambda: 0.0, hours, {"a": 4})
    gates.close("a", "down")
    assert (gates.places(), gates.opens_in_s(), gates.why("a")) == ({"a": 0}, 60, "down")
    hours.wait_s = 1.0
    assert gates.opens_in_s() == BACKOFF.first_s
    time.now_s += BACKOFF.first_s
    assert (gates.places(), gates.opens_in_s(), gates.why("a")) == ({"a": 0}, 1, "night")
    hours.wait_s = 0.0
    assert gates.places() == {"a": 1}
    gates.open("a")
    assert gates.places() == {"a": 4}


def test_what_is_paused_does_not_open_with_its_hours(time: Time) -> None:
    gates = TargetGates(time, lambda: 0.0, Hours())
    gates.pause("a")
    assert gates.opens_in_s() is None


def test_for_how_long_it_has_been_down_is_known(time: Time) -> None:
    gates = TargetGates(time, lambda: 0.0)
    gates.close("a", "down")
    time.now_s += 7
    gates.close("a", "still down")
    time.now_s += 1
    gates.pause("b")
    assert gates.down() == {"a": 8}
    assert gates.paused == {"b"}
    gates.open("a")
    assert gates.down() == {}
