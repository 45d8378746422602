from pacsd.api.dispatch.breaker import FAILURES_IN_A_ROW, REST_S, Breaker


def broken(now: float = 100.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES_IN_A_ROW):
        assert breaker.rests_until <= now
        breaker.failed(now)
    return breaker


def test_who_fails_again_and_again_rests() -> None:
    breaker = broken()
    assert breaker.rests(100.0) == REST_S
    assert breaker.rests(100.0 + REST_S - 1) == 1
    assert breaker.rests(100.0 + REST_S) == 0


def test_after_its_rest_one_more_failure_is_enough() -> None:
    breaker = broken()
    breaker.failed(200.0)
    assert breaker.rests_until == 200.0 + REST_S


def test_an_answer_makes_up_for_all_failures() -> None:
    breaker = Breaker()
    for _ in range(3):
        for _ in range(FAILURES_IN_A_ROW - 1):
            breaker.failed(100.0)
        breaker.answered()
    assert breaker.rests_until == 0
