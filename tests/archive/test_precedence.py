import anyio
import anyio.lowlevel
import pytest

from pacsd.archive.precedence import Precedence
from tests.jobs.virtual_time import run_virtually


class Ahead:
    """What goes first, in virtual time, and when others went."""

    def __init__(self, share: float = 0.5) -> None:
        self.tested = Precedence(share)
        self.went: list[tuple[str, float]] = []

    async def store(self, seconds: float, every_s: float, each_s: float) -> None:
        """Make objects durable, one after the other."""
        until = anyio.current_time() + seconds
        while anyio.current_time() < until:
            with self.tested.storing():
                await anyio.sleep(each_s)
            await anyio.sleep(every_s - each_s)

    async def go(self, name: str = "", count: int = 1) -> None:
        await self.tested.give_way(count)
        self.went.append((name, round(anyio.current_time(), 3)))

    async def go_on(self, seconds: float) -> None:
        """Go as often as that is let."""
        until = anyio.current_time() + seconds
        while anyio.current_time() < until:
            await self.go()
            await anyio.sleep(0.001)


def test_while_storing_is_busy_others_do_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = Ahead(share=0.5)

    async def both() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ahead.store, 22, 0.01, 0.009)
            await anyio.sleep(2)
            for _ in range(4):
                tasks.start_soon(ahead.go_on, 20)

    run_virtually(both(), monkeypatch)
    # 100 are stored in a second; what was saved up before may go at once.
    assert 20 * 50 - 10 <= len(ahead.went) <= 20 * 50 + 20
    assert 75 < ahead.tested.waited_s < 82


def test_while_it_is_not_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = Ahead()

    async def both() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ahead.store, 10, 0.01, 0.004)
            await anyio.sleep(2)
            assert not ahead.tested.is_busy
            await ahead.go_on(5)

    run_virtually(both(), monkeypatch)
    assert 5_000 <= len(ahead.went) <= 5_001
    assert ahead.tested.waited_s == 0


def test_nobody_starves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where storing stands still, and where others get no share."""
    ahead = Ahead(share=0)

    async def both() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ahead.store, 30, 30, 30)
            await anyio.sleep(5)
            tasks.start_soon(ahead.go, "one")
            tasks.start_soon(ahead.go, "three", 3)
            tasks.start_soon(ahead.go, "hundred", 100)

    run_virtually(both(), monkeypatch)
    assert ahead.went == [("one", 6), ("three", 8), ("hundred", 15)]


def test_they_go_in_their_order_also_who_wants_many(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = Ahead(share=1)

    async def both() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ahead.store, 10, 0.1, 0.099)
            await anyio.sleep(4.95)
            await ahead.tested.give_way(16)  # what was saved up
            for name, count in (("a", 1), ("b", 5), ("c", 1)):
                tasks.start_soon(ahead.go, name, count)
                await anyio.lowlevel.checkpoint()

    run_virtually(both(), monkeypatch)
    assert [name for name, _ in ahead.went] == ["a", "b", "c"]
