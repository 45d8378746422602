from datetime import UTC, datetime, timedelta, timezone

from pacsd.api.windows import parse_window
from pacsd.jobs.target_hours import LOOK_AGAIN_S, TargetHours

FRIDAY_NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
ZONE = timezone(timedelta(hours=2))


class Time:
    def __init__(self) -> None:
        self.now = FRIDAY_NOON

    def __call__(self) -> datetime:
        return self.now


def hours(time: Time) -> TargetHours:
    windows = {"a": parse_window("19:00-06:00"), "b": parse_window("")}
    return TargetHours(windows, time, ZONE)


def test_a_target_is_closed_outside_of_its_hours_in_local_time() -> None:
    time = Time()
    tested = hours(time)
    assert tested.closed() == ["a"]
    assert tested.why("a") == "outside of its hours; they begin on Fri 19:00"
    time.now += timedelta(hours=5)
    assert tested.closed() == []
    assert (tested.why("a"), tested.opens_in_s("a")) == ("", 0)


def test_what_has_no_hours_is_always_open() -> None:
    tested = hours(Time())
    assert (tested.why("b"), tested.opens_in_s("b")) == ("", 0)
    assert (tested.why("c"), tested.opens_in_s("c")) == ("", 0)


def test_one_looks_again_when_they_begin_or_the_clock_may_have_been_set() -> None:
    time = Time()
    tested = hours(time)
    assert tested.opens_in_s("a") == LOOK_AGAIN_S
    time.now += timedelta(hours=4, minutes=59)
    assert tested.opens_in_s("a") == 60
