"""The listener: where it listens, whom it knows, whom it cuts off. Shutdown: hostile/."""

import socket

import pytest

from pacsd.net import listener as listener_module
from pacsd.net.endpoint import Endpoint
from pacsd.net.listener import Listener
from tests.net.harness import Served, Setup, abort_pdu, serving, until


async def test_it_tells_the_port_the_system_chose() -> None:
    async with serving() as served:
        (address,) = served.listener.addresses
        assert address.host == "127.0.0.1"
        assert address.port > 0


async def test_an_address_in_use_is_an_error_not_a_group_of_errors() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken_port = taken.getsockname()[1]
        served = Served(Setup())
        second = Listener(served.listener.desk, (Endpoint("127.0.0.1", taken_port),), 1)
        with pytest.raises(OSError, match="in use"):
            await second.run(lambda: pytest.fail("it cannot have started"))
        assert second.addresses == ()


async def test_it_counts_and_aborts_associations_by_number() -> None:
    async with serving() as served, served.associated() as first, served.associated() as second:
        assert served.listener.open_associations() == 2
        assert served.listener.abort(1, "an operator said so")
        assert not served.listener.abort(1, "again")
        assert not served.listener.abort(99, "nobody")
        assert await first.pdu() == abort_pdu(0, 0)
        assert await second.echo() == 0
        assert served.listener.open_associations() == 1
        first.writer.close()
        await until(lambda: len(list(served.recorder.open_associations())) == 1)
        assert served.last_record().reason == "an operator said so"
        await second.release()


async def test_d02_the_oldest_connection_without_an_association_makes_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener_module, "MAX_UNASSOCIATED", 2)
    async with serving() as served, served.associated() as bystander, served.callers(3) as idle:
        assert await idle[0].rest() == b""
        assert await bystander.echo() == 0
        await idle[1].associate()
        assert await idle[1].echo() == 0
        await idle[1].release()
        await bystander.release()


async def test_what_is_open_when_it_is_cancelled_is_cut_off() -> None:
    async with serving() as served, served.caller() as caller:
        await caller.associate()
        connection = next(iter(served.listener._associated))
        served.listener._cut_off_all()
        assert await caller.rest() == b""
        await until(lambda: not connection.is_connected)
