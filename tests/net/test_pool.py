"""Associations kept open to one destination."""

import asyncio

import anyio
import pytest

from pacsd.net import pool as pool_module
from pacsd.net.errors import NotConnected, PoolFull
from pacsd.net.peers import Peer
from pacsd.net.pool import Pool, Pools
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import Destination, open_association
from pacsd.net.settings import DimseSettings
from tests.net.harness import Served, serving, until


def pool(served: Served, size: int = 2, idle_s: float = 60) -> Pool:
    destination = Destination(served.endpoint, "PACSD", "ME")
    return Pool(lambda: open_association(destination), size, idle_s)


async def test_an_association_is_used_again() -> None:
    async with serving() as served:
        lending = pool(served)
        for _ in range(3):
            async with lending.lease() as association:
                assert await association.echo() == 0
        assert served.count("pacsd_connections_total") == 1
        await lending.close()
        await until(lambda: served.listener.open_associations() == 0)
        assert served.last_record().outcome == "released"


async def test_no_more_than_its_size_at_once() -> None:
    async with serving() as served:
        lending = pool(served, size=2)
        most = 0

        async def use() -> None:
            nonlocal most
            async with lending.lease() as association:
                await association.echo()
                most = max(most, served.listener.open_associations())

        async with asyncio.TaskGroup() as tasks:
            for _ in range(10):
                tasks.create_task(use())
        assert most <= 2
        await lending.close()


async def test_one_that_nobody_uses_is_released() -> None:
    async with serving() as served:
        lending = pool(served, idle_s=0.01)
        async with lending.lease() as association:
            await association.echo()
        await until(lambda: served.count("pacsd_associations_total", outcome="released") == 1)


async def test_one_that_the_peer_ended_is_not_lent_again() -> None:
    async with serving() as served:
        lending = pool(served)
        async with lending.lease() as first:
            await first.echo()
        served.listener.abort(1, "an operator said so")
        await until(lambda: not first.is_usable)
        async with lending.lease() as second:
            assert second is not first
            assert await second.echo() == 0
        await lending.close()


async def test_one_whose_user_failed_is_aborted() -> None:
    async with serving() as served:
        lending = pool(served)
        with pytest.raises(ValueError, match="a user's mistake"):
            async with lending.lease():
                raise ValueError("a user's mistake")
        await until(lambda: served.listener.open_associations() == 0)
        async with lending.lease() as association:
            assert await association.echo() == 0
        await lending.close()


async def test_a_failure_to_open_leaves_the_place_free() -> None:
    attempts = 0

    async def fails() -> RequestedAssociation:
        nonlocal attempts
        attempts += 1
        raise NotConnected("nobody there")

    lending = Pool(fails, 1, 60)
    for _ in range(2):
        with pytest.raises(NotConnected):
            async with lending.lease():
                pytest.fail("there is no association")
    assert attempts == 2


async def test_who_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "MAX_WAITING", 1)
    async with serving() as served:
        lending = pool(served, size=1)
        async with lending.lease(), anyio.create_task_group() as tasks:

            async def wait_for_it() -> None:
                async with lending.lease():
                    pytest.fail("it was cancelled")

            tasks.start_soon(wait_for_it)
            await until(lambda: lending._places.statistics().tasks_waiting == 1)
            with pytest.raises(PoolFull):
                async with lending.lease():
                    pytest.fail("the queue is full")
            tasks.cancel_scope.cancel()
        await lending.close()


async def test_each_peer_has_one_pool_of_its_own_size() -> None:
    async with serving() as served:
        pools = Pools("ME", DimseSettings())
        peer = Peer(ae_title="PACSD", host="127.0.0.1", port=served.endpoint.port, connections=1)
        assert pools.to(peer) is pools.to(peer)
        async with pools.to(peer).lease() as association:
            assert await association.echo() == 0
        assert next(served.recorder.open_associations()).calling_ae == "ME"
        await pools.close()
        await until(lambda: served.count("pacsd_associations_total", outcome="released") == 1)


async def test_a_peer_that_only_calls_us_has_no_pool() -> None:
    with pytest.raises(NotConnected, match="CT1 may only call us"):
        Pools("ME", DimseSettings()).to(Peer(ae_title="CT1"))
