from collections.abc import AsyncGenerator

import anyio

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


async def test_what_goes_first_is_given_way_to() -> None:
    asked: list[int] = []

    async def give_way(count: int) -> None:
        asked.append(count)

    throttle = Throttle(give_way=give_way)
    await throttle.begin()
    await throttle.take(7, 1_000)
    assert asked == [1, 7]


def test_who_has_no_throttle_of_its_own_shares_one() -> None:
    own, usual = Throttle(), Throttle()
    throttles = Throttles({"peer:A": own}, usual)
    assert throttles.of("peer:A") is own
    assert throttles.of("peer:B") is usual
    assert NO_THROTTLES.of("peer:A") is NO_THROTTLE
