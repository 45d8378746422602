from datetime import UTC, datetime

from pacsd.app.clock import now_us, utc_us


def test_it_never_goes_back() -> None:
    stamps = [now_us() for _ in range(1_000)]
    assert stamps == sorted(stamps)
    assert stamps[0] > 0


def test_the_other_one_tells_the_time() -> None:
    before = datetime.now(UTC).timestamp()
    stamp = utc_us()
    assert before * 1e6 - 1 <= stamp <= datetime.now(UTC).timestamp() * 1e6 + 1
