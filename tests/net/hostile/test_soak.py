"""Rows D02 and D51 at full size, against a daemon in a process of its own; by `make soak`."""

import asyncio
import resource
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import anyio
import pytest

from pacsd.testing.daemon import Running, running
from tests.dimse.command_strategies import us_element
from tests.interop.objects import Store
from tests.net.harness import (
    LOOPBACK,
    STORE_CONTEXT,
    Caller,
    abort_pdu,
    associate_rq,
    command,
    data_set,
    store_rq,
)

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]
IDLE, TRICKLING, LEGAL, STORING = 850, 100, 2_000, 50


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Running]:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    config = tmp_path / "pacsd.toml"
    config.write_text("[dimse]\nartim_timeout_s = 8\nshutdown_grace_s = 1\n", encoding="utf-8")
    with running("--http", "", "--config", str(config)) as process:
        yield process


@asynccontextmanager
async def callers(daemon: Running, count: int) -> AsyncIterator[list[Caller]]:
    async with AsyncExitStack() as stack:
        opened: list[Caller] = []
        for _ in range(count):
            caller = Caller(*await asyncio.open_connection(LOOPBACK, daemon.port))
            stack.callback(caller.writer.close)
            opened.append(caller)
        yield opened


def resident_bytes(daemon: Running) -> int:
    status = Path(f"/proc/{daemon.process.pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


async def echo_seconds(daemon: Running) -> float:
    started = time.perf_counter()
    async with callers(daemon, 1) as (caller,):
        await caller.associate()
        assert await caller.echo() == 0
        await caller.release()
    return time.perf_counter() - started


async def test_d02_a_thousand_idle_and_trickling_callers(daemon: Running) -> None:
    before = resident_bytes(daemon)
    async with callers(daemon, IDLE + TRICKLING) as idle:
        seconds: list[float] = []
        for position in range(LEGAL):
            trickling = idle[position % TRICKLING]
            if not trickling.writer.is_closing():
                trickling.writer.write(associate_rq()[position // TRICKLING :][:1])
            seconds.append(await echo_seconds(daemon))
        assert sorted(seconds)[LEGAL * 99 // 100] < 0.25
        assert resident_bytes(daemon) - before < 32 * 1024 * 1024
        # Not per byte: who trickles is closed as soon as who says nothing.
        for caller in idle:
            assert await caller.rest() == b""


async def test_d51_fifty_associations_store_while_it_shuts_down(daemon: Running) -> None:
    acknowledged: set[str] = set()

    async def store_for_ever(number: int, caller: Caller) -> None:
        await caller.associate()
        for count in range(1_000_000):
            uid = f"1.2.{number}.{count}"
            await caller.send(command(store_rq(uid=uid), STORE_CONTEXT), data_set(bytes(16_000)))
            answer = await caller.pdu()
            if answer == abort_pdu(0, 0):
                return  # what was not acknowledged may be lost
            assert us_element(0x0900, 0) in answer
            acknowledged.add(uid)

    async with callers(daemon, STORING) as storing, anyio.create_task_group() as tasks:
        for number, caller in enumerate(storing):
            tasks.start_soon(store_for_ever, number, caller)
        while len(acknowledged) < 10 * STORING:
            await anyio.lowlevel.checkpoint()
        daemon.signal(signal.SIGTERM)
    assert await anyio.to_thread.run_sync(daemon.process.wait, 60) == 0
    assert acknowledged <= {each.sop_instance_uid for each in Store(daemon).all()}
