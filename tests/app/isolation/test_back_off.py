from pacsd.app.isolation.back_off import GOOD_LIFE_S, BackOff


def test_it_stays_away_longer_each_time_and_a_minute_at_most() -> None:
    back_off = BackOff()
    waits = [back_off.after(lived_s=1) for _ in range(9)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]


def test_a_good_life_makes_good_again() -> None:
    back_off = BackOff()
    waits = [back_off.after(lived_s=lived_s) for lived_s in (1, 1, GOOD_LIFE_S, 1)]
    assert waits == [0.5, 1, 0.5, 1]
