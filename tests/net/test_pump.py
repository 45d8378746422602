"""The pump: turns, back-pressure, deadlines."""

import pytest

from pacsd.net import pump as pump_module
from pacsd.net.pump import EVENTS_PER_TURN, Pause
from pacsd.net.settings import DimseSettings
from tests.net.harness import (
    RELEASE_RQ,
    Caller,
    Setup,
    abort_pdu,
    command,
    data_set,
    echo_rq,
    serving,
    until,
)

PIPELINED = 5 * EVENTS_PER_TURN


async def test_one_that_sends_without_end_takes_turns_with_the_others() -> None:
    async with serving() as served, served.associated() as greedy, served.associated() as modest:
        await greedy.send(command(echo_rq()) * PIPELINED)
        assert await modest.echo() == 0
        for _ in range(PIPELINED):
            assert (await greedy.response()).status == 0
        await greedy.release()
        await modest.release()


async def test_what_waits_for_its_turn_is_read_before_the_release() -> None:
    async with serving() as served, served.associated() as caller:
        await caller.send(command(echo_rq()) * PIPELINED, RELEASE_RQ)
        for _ in range(PIPELINED):
            await caller.response()
        assert (await caller.pdu())[0] == 6


async def test_what_comes_after_the_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump_module, "MAX_BYTES_AFTER_END", 10_000)
    async with serving() as served, served.associated() as caller:
        await caller.send(data_set())
        assert await caller.pdu() == abort_pdu(0, 0)
        with pytest.raises(ConnectionError):
            await _flood(caller)
        await until(lambda: not len(served.places))


async def _flood(caller: Caller) -> None:
    """Send until the connection is gone."""
    while True:
        await caller.send(data_set())
        if caller.writer.transport.is_closing():
            raise ConnectionError


async def test_reading_pauses_for_every_reason_and_goes_on_without_any() -> None:
    async with serving() as served, served.associated() as caller:
        connection = next(iter(served.listener._associated))
        connection.pause_reading(Pause.BACKLOG)
        connection.pause_reading(Pause.WRITING)
        await caller.send(command(echo_rq()))
        connection.resume_reading(Pause.BACKLOG)
        assert connection.is_write_paused
        assert not connection.session.open_requests
        connection.resume_reading(Pause.WRITING)
        assert (await caller.response()).status == 0
        await caller.release()


async def test_a_pause_of_ours_is_not_the_peers_fault() -> None:
    setup = Setup(dimse=DimseSettings(idle_timeout_s=0.1))
    async with serving(setup) as served, served.associated() as caller:
        connection = next(iter(served.listener._associated))
        connection.pause_reading(Pause.BACKLOG)
        assert connection._due() is None
        connection.resume_reading(Pause.BACKLOG)
        assert connection._due() is not None
        assert await caller.pdu() == abort_pdu(0, 0)


async def test_a_peer_that_takes_nothing_is_cut_off() -> None:
    setup = Setup(dimse=DimseSettings(network_timeout_s=0.1))
    async with serving(setup) as served, served.associated() as caller:
        connection = next(iter(served.listener._associated))
        connection.pause_writing()
        await until(lambda: not connection.is_connected)
        assert await caller.rest() == b""


async def test_a_defect_ends_one_association_and_is_told() -> None:
    async with serving() as served, served.associated() as victim, served.associated() as other:
        broken = next(iter(served.listener._associated))
        broken.fail(ZeroDivisionError("a defect"))
        assert await victim.pdu() == abort_pdu(0, 0)
        assert await other.echo() == 0
        assert served.count("pacsd_association_defects_total") == 1
        served.registry._names_to_collectors["pacsd_association_defects"].reset()  # type: ignore[attr-defined]
        await other.release()
