from pacsd.jobs.patience import Patience


def test_it_ends_some_time_after_the_beginning() -> None:
    assert not Patience(500, lambda: 1_500).is_over(1_000)
    assert Patience(500, lambda: 1_501).is_over(1_000)
