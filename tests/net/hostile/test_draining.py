"""Row D51: a shutdown while peers store."""

import anyio

from pacsd.net.recorder import Outcome
from tests.net.harness import (
    STORE_CONTEXT,
    GatedStore,
    Setup,
    abort_pdu,
    associate_rq,
    command,
    data_set,
    reject_pdu,
    serving,
    store_rq,
    until,
)

STORE = command(store_rq(), STORE_CONTEXT)


async def test_d51_running_stores_finish_and_new_callers_are_told_to_come_back() -> None:
    store = GatedStore()
    async with serving(Setup(store=store)) as served, served.callers(6) as callers:
        store.gate = anyio.Event()
        *storing, late = callers
        for number, caller in enumerate(storing):
            await caller.associate()
            store_one = command(store_rq(uid=f"1.2.3.{number}"), STORE_CONTEXT)
            await caller.send(store_one, data_set())
        await until(lambda: served.ingest.health().open_objects == 5)
        aborted: list[int] = []

        async def drain() -> None:
            aborted.append(await served.listener.drain(grace_s=10, idle_s=10))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(drain)
            await until(lambda: served.gatekeeper.is_draining)
            await late.send(associate_rq())
            assert await late.pdu() == reject_pdu(2, 3, 1)
            late.writer.close()
            store.gate.set()
            for caller in storing:
                assert (await caller.response()).status == 0
                await caller.release()
        assert aborted == [0]
        assert len(store.objects) == 5
        assert served.listener.addresses == ()


async def test_d51_who_does_not_finish_in_time_is_aborted() -> None:
    async with serving() as served, served.callers(3) as callers:
        for caller in callers[:2]:
            await caller.associate()
            await caller.send(STORE, data_set(is_last=False))
        await until(lambda: served.ingest.health().open_objects == 2)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(served.listener.drain, 0.1, 10)
            for caller in callers[:2]:
                assert await caller.pdu() == abort_pdu(0, 0)
                caller.writer.close()
            assert await callers[2].rest() == b""
        assert not served.store.objects
        await until(lambda: len([*served.recorder.ended_associations()]) == 2)
        assert served.last_record().outcome is Outcome.ABORTED_BY_US
        assert "shut down" in served.last_record().reason


async def test_d51_who_only_keeps_an_association_open_does_not_hold_the_shutdown() -> None:
    store = GatedStore()
    async with serving(Setup(store=store)) as served, served.callers(2) as callers:
        store.gate = anyio.Event()
        storing, idle = callers
        await storing.associate()
        await storing.send(STORE, data_set())
        await idle.associate()
        await until(lambda: served.ingest.health().open_objects == 1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(served.listener.drain, 10, 0.05)
            assert await idle.pdu() == abort_pdu(0, 0)
            idle.writer.close()
            await until(lambda: any(served.recorder.ended_associations()))
            assert "shutdown_idle_s" in served.last_record().reason
            store.gate.set()
            assert (await storing.response()).status == 0
            await storing.release()
