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

    async def go(self, name: str = "") -> None:
        await self.tested.give_way()
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
            tasks.start_soon(ahead.go, "other")

    run_virtually(both(), monkeypatch)
    assert sorted(ahead.went) == [("one", 6), ("other", 6)]


def test_who_waits_goes_when_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = Ahead(share=0)

    async def both() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ahead.store, 5, 5, 5)
            await anyio.sleep(4.9)
            tasks.start_soon(ahead.go)

    run_virtually(both(), monkeypatch)
    [(_, went_s)] = ahead.went
    assert 5 < went_s < 5.9


def test_they_go_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = Ahead(share=1)

    async def both() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ahead.store, 10, 0.1, 0.099)
            await anyio.sleep(4.95)
            for _ in range(16):  # what was saved up
                await ahead.tested.give_way()
            assert ahead.tested.waited_s == 0
            for name in "abc":
                tasks.start_soon(ahead.go, name)
                await anyio.lowlevel.checkpoint()

    run_virtually(both(), monkeypatch)
    assert [name for name, _ in ahead.went] == ["a", "b", "c"]
    assert 0.2 < ahead.went[2][1] - 4.95 < 0.4


def test_who_gives_up_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = Ahead(share=1)

    async def both() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ahead.store, 10, 0.4, 0.399)
            await anyio.sleep(4.85)
            for _ in range(12):  # what was saved up
                await ahead.tested.give_way()
            with anyio.move_on_after(0.01) as scope:
                await ahead.go("gives up")
            assert scope.cancelled_caught
            await ahead.go("next")

    run_virtually(both(), monkeypatch)
    [(name, went_s)] = ahead.went
    assert name == "next"
    assert went_s < 5.3


def test_without_a_bound_storing_does_not_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = Ahead(share=float("inf"))

    async def both() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ahead.store, 10, 10, 10)
            await anyio.sleep(5)
            assert ahead.tested.is_busy
            await ahead.go_on(1)

    run_virtually(both(), monkeypatch)
    assert len(ahead.went) >= 1_000
    assert ahead.tested.waited_s == 0


def test_a_large_share_is_kept_to(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = Ahead(share=100)

    async def both() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ahead.store, 9, 0.5, 0.499)
            await anyio.sleep(4)
            tasks.start_soon(ahead.go_on, 5)

    run_virtually(both(), monkeypatch)
    assert 900 < len(ahead.went) < 1_200


def test_many_that_wait_a_moment_each_do_not_keep_it_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = Ahead()

    async def all_of_them() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(ahead.store, 10, 1, 0.05)
            await anyio.sleep(9.06)
            assert not ahead.tested.is_busy

    run_virtually(all_of_them(), monkeypatch)
