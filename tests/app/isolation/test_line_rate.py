from pacsd.app.isolation.line_rate import LineRate


def test_lines_beyond_the_rate_are_counted_until_the_next_second() -> None:
    now_s = 10.0
    rate = LineRate(lambda: now_s, lines_per_s=2)
    assert [rate.admits() for _ in range(4)] == [True, True, False, False]
    now_s = 11.0
    assert rate.admits()
    rate.lose(3)
    assert rate.take_lost() == 5
    assert rate.take_lost() == 0
