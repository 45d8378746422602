from collections.abc import AsyncGenerator

import anyio
import anyio.lowlevel
import pytest

from pacsd.net import throttle as throttle_module
from pacsd.net.throttle import NO_THROTTLE, NO_THROTTLES, Throttle, Throttles
from tests.archive.test_pace import Time


async def pieces(*sizes: int) -> AsyncGenerator[bytes, None]:
    for number, size in enumerate(sizes):
        yield bytes([number]) * size


async def test_bytes_leave_as_they_are_at_their_rate_in_even_parts() -> None:
    time = Time()
    throttle = Throttle(bytes_per_second=40_002, now_s=time, sleep=time.sleep)
    parts = [part async for part in throttle.paced(pieces(100_000, 20_005))]
    assert b"".join(parts) == bytes(100_000) + b"\x01" * 20_005
    assert round(time.now_s - 100, 3) == round(120_005 / 40_002, 3)
    assert max(map(len, parts)) == 10_000
    assert max(time.slept) < 0.26
    assert [len(part) % 2 for part in parts[:-1]] == [0] * (len(parts) - 1)


async def test_all_transfers_share_the_rate() -> None:
    time = Time()
    throttle = Throttle(bytes_per_second=40_000, now_s=time, sleep=time.sleep)

    async def transfer() -> None:
        async for _ in throttle.paced(pieces(40_000)):
            pass

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(transfer)
    assert time.now_s - 100 >= 3


async def test_instances_begin_at_their_rate() -> None:
    time = Time()
    throttle = Throttle(instances_per_second=0.5, now_s=time, sleep=time.sleep)
    for _ in range(5):
        await throttle.begin()
    assert time.now_s - 100 == 10


async def test_what_is_sent_out_of_sight_takes_as_long() -> None:
    time = Time()
    throttle = Throttle(10, 1_000, now_s=time, sleep=time.sleep)
    await throttle.take(5, 2_000)
    assert time.now_s - 100 >= 2


async def test_without_rates_pieces_are_passed_on_as_they_come() -> None:
    source = pieces(3)
    assert NO_THROTTLE.paced(source) is source
    await source.aclose()


class Ahead:
    """What goes first: who waits for it, one by one."""

    def __init__(self) -> None:
        self.asked = self.waiting = self.most = 0

    async def give_way(self) -> None:
        self.asked += 1
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await anyio.lowlevel.checkpoint()
        self.waiting -= 1


async def test_what_goes_first_is_given_way_to_by_one_at_a_time() -> None:
    ahead = Ahead()
    throttle = Throttle(give_way=ahead.give_way)
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(throttle.begin)
        tasks.start_soon(throttle.take, 7, 1_000)
    assert (ahead.asked, ahead.most) == (12, 1)


async def test_what_is_urgent_gives_way_to_nothing_and_keeps_to_the_rates() -> None:
    ahead, time = Ahead(), Time()
    throttle = Throttle(2, give_way=ahead.give_way, now_s=time, sleep=time.sleep)
    await throttle.urgent.take(2, 0)
    await throttle.begin()
    assert (ahead.asked, time.now_s - 100) == (1, 1.5)


def test_each_target_has_a_throttle_of_its_own() -> None:
    own = Throttle()
    throttles = Throttles({"peer:A": own}, Throttle)
    assert throttles.of("peer:A") is own
    made = throttles.of("peer:B")
    assert throttles.of("peer:B") is made
    assert throttles.of("peer:C") not in {own, made}
    assert throttles.of("peer:B", is_urgent=True) is not made
    assert NO_THROTTLES.of("peer:A") is NO_THROTTLE


def test_how_many_are_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle_module, "MAX_TARGETS", 2)
    throttles = Throttles(usual=Throttle)
    made = [throttles.of(name) for name in "ABCB"]
    assert made[1] is made[3]
    assert made[2] is made[0]
