import anyio
import pytest

from pacsd.api.dispatch import lineup as lineups
from pacsd.api.dispatch.breaker import Breaker
from pacsd.api.dispatch.lineup import Lineup, Member
from pacsd.api.dispatch.tally import Count
from tests.api.dispatch.panels import REQUESTED, AsyncGate, implementation_of


def member() -> Member:
    return Member(implementation_of(1, AsyncGate(None), REQUESTED), Count())


def test_a_member_has_the_breaker_of_its_count() -> None:
    one = member()
    assert isinstance(one.breaker, Breaker)
    assert one.breaker is one.count.breaker


async def test_it_is_idle_when_no_call_is_in_progress() -> None:
    one = member()
    lineup = Lineup([one])
    assert lineup.members == (one,)
    await lineup.idle()
    ended: list[str] = []

    async def wait() -> None:
        await lineup.idle()
        ended.append("idle")

    async with anyio.create_task_group() as tasks:
        with lineup, lineup:
            tasks.start_soon(wait)
            tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            assert ended == []
    assert ended == ["idle", "idle"]


async def test_what_is_in_use_is_a_call_with_a_deadline_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lineups, "monotonic", lambda: 100.0)
    lineup = Lineup([])
    assert lineup.used_until == 0.0
    with lineup.in_use(300.0):
        with lineup.in_use(20.0):
            assert (lineup.running, lineup.used_until) == (2, 400.0)
        assert (lineup.running, lineup.used_until) == (1, 400.0)
    assert (lineup.running, lineup.used_until) == (0, 0.0)
    await lineup.idle()
