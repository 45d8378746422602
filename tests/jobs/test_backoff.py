import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.jobs.backoff import Backoff


def test_each_wait_is_twice_the_last_up_to_a_bound() -> None:
    backoff = Backoff(first_s=5, most_s=60)
    assert [backoff.delay_s(attempt, 0.0) for attempt in range(1, 7)] == [5, 10, 20, 40, 60, 60]


def test_chance_leaves_out_a_part() -> None:
    backoff = Backoff(first_s=8, jitter=0.25)
    assert backoff.delay_s(1, 0.5) == pytest.approx(7)


@given(st.integers(1, 10**9), st.floats(0, 1, exclude_max=True))
def test_no_attempt_waits_longer_or_not_at_all(attempt: int, chance: float) -> None:
    backoff = Backoff()
    assert 0 < backoff.delay_s(attempt, chance) <= backoff.most_s
