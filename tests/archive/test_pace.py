import pytest

from pacsd.archive.pace import Pace


class Time:
    """Passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, delay_s: float) -> None:
        self.slept.append(delay_s)
        self.now_s += delay_s


async def test_it_keeps_to_its_rate() -> None:
    time = Time()
    pace = Pace(1_000, now_s=time, sleep=time.sleep)
    for _ in range(10):
        await pace.spend(100)
    assert round(time.now_s - 100, 6) == 1


async def test_little_is_slept_for_together() -> None:
    time = Time()
    pace = Pace(1_000, now_s=time, sleep=time.sleep)
    for _ in range(100):
        await pace.spend(5)
    assert round(time.now_s - 100, 6) == 0.5
    assert min(time.slept) >= 0.02


async def test_time_that_passed_idle_is_lost() -> None:
    time = Time()
    pace = Pace(1_000, now_s=time, sleep=time.sleep)
    time.now_s += 3_600
    await pace.spend(1_000)
    assert time.slept == [1.0]


async def test_without_a_bound_nobody_sleeps() -> None:
    time = Time()
    await Pace(None, now_s=time, sleep=time.sleep).spend(10**12)
    assert time.slept == []


async def test_who_is_broken_off_leaves_no_debt() -> None:
    time = Time()

    async def broken_off(_: float) -> None:
        raise TimeoutError

    pace = Pace(1_000, now_s=time, sleep=broken_off)
    with pytest.raises(TimeoutError):
        await pace.spend(10**9)
    await pace.spend(10)
