from hypothesis import given
from hypothesis import strategies as st

from pacsd.net import rate_limit
from pacsd.net.rate_limit import RateLimit


def test_one_in_an_interval_and_the_count_of_the_others() -> None:
    limit = RateLimit(10.0)
    assert limit.admit("192.0.2.1", 100.0) == 0
    assert [limit.admit("192.0.2.1", moment) for moment in (100.0, 105.0, 109.9)] == [None] * 3
    assert limit.admit("192.0.2.1", 110.0) == 3
    assert limit.admit("192.0.2.1", 110.1) is None


def test_one_key_does_not_silence_another() -> None:
    limit = RateLimit(10.0)
    assert limit.admit("192.0.2.1", 0.0) == 0
    assert limit.admit("192.0.2.2", 0.0) == 0


@given(st.lists(st.integers(0, 5_000)))
def test_memory_is_bounded(keys: list[int]) -> None:
    limit = RateLimit(1.0)
    for moment, key in enumerate(keys):
        limit.admit(str(key), float(moment))
    assert len(limit._keys) <= rate_limit.MAX_KEYS
