from pacsd_store_s3.backoff import Backoff


def test_doubles_up_to_a_bound() -> None:
    backoff = Backoff(1, 60, fraction=lambda: 1.0)
    assert [backoff.wait_s(failures) for failures in (1, 2, 3, 7, 10_000)] == [1, 2, 4, 60, 60]


def test_spreads_tries_over_half_of_it() -> None:
    assert Backoff(1, 60, fraction=lambda: 0.0).wait_s(3) == 2
