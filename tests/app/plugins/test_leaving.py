import anyio
import pytest
import structlog

from pacsd.api.dispatch.lineup import Lineup
from pacsd.app.plugins import leaving
from pacsd.app.plugins.leaving import LONGER_S, Leaving
from tests.app.plugins.test_life import FakeHome


def leaving_of(life: list[str], **calls: Lineup) -> Leaving:
    return Leaving("acme", FakeHome("acme", life), calls, structlog.get_logger("test"))


async def test_it_is_shut_down_once_its_calls_have_ended() -> None:
    life: list[str] = []
    calls = Lineup([])
    seen_off = leaving_of(life, pacsd_authorize=calls)
    async with anyio.create_task_group() as tasks:
        with calls:
            tasks.start_soon(seen_off.run)
            await anyio.wait_all_tasks_blocked()
            assert life == []
        await anyio.wait_all_tasks_blocked()
        assert life == ["acme down"]
    await seen_off.hurried()
    assert life == ["acme down"]


async def test_who_is_in_a_hurry_does_not_wait_for_that() -> None:
    life: list[str] = []
    calls = Lineup([])
    seen_off = leaving_of(life, pacsd_authorize=calls)
    async with anyio.create_task_group() as tasks:
        with calls:
            tasks.start_soon(seen_off.run)
            await seen_off.hurried()
            assert life == ["acme down"]


async def test_nobody_waits_longer_than_its_hooks_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    life: list[str] = []
    calls = {"pacsd_authorize": Lineup([]), "pacsd_authenticate": Lineup([])}
    assert leaving_of(life, **calls).deadline_s == 10 + LONGER_S
    assert leaving_of(life).deadline_s == LONGER_S
    monkeypatch.setattr(leaving, "LONGER_S", -4.99)
    late = leaving_of(life, pacsd_authorize=calls["pacsd_authorize"])
    with calls["pacsd_authorize"]:
        await late.run()
    assert life == ["acme down"]


async def test_what_is_in_use_has_the_deadline_of_its_use(monkeypatch: pytest.MonkeyPatch) -> None:
    life: list[str] = []
    calls = Lineup([])
    monkeypatch.setattr(leaving, "LONGER_S", -5.0)  # of calls nothing is waited for
    seen_off = leaving_of(life, pacsd_authorize=calls)
    async with anyio.create_task_group() as tasks:
        with calls.in_use(3_600.0):
            tasks.start_soon(seen_off.run)
            await anyio.wait_all_tasks_blocked()
            assert life == []
        await anyio.wait_all_tasks_blocked()
        assert life == ["acme down"]


async def test_it_is_not_waited_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    life: list[str] = []
    calls = Lineup([])
    monkeypatch.setattr(leaving, "LONGER_S", -5.0)
    with calls.in_use(5.01):
        await leaving_of(life, pacsd_authorize=calls).run()
    assert life == ["acme down"]
