from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from prometheus_client import CollectorRegistry

from pacsd.api.access import AccessRequest, Action, Door, Login, Principal
from pacsd.api.audit import AuditEvent
from pacsd.app.audit_sink import MAX_WAITING, AuditCollector, AuditHealth, AuditSink
from pacsd.index.index import open_index
from pacsd.index.records import AuditEntry, AuditRow
from pacsd.index.sqlite import Durability
from tests.app.small_daemon import REFUSAL
from tests.index.made import SCOPE, new


class Told:
    """What was told; the test waits for so much."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []
        self.more = anyio.Event()

    async def tell(self, event: AuditEvent) -> None:
        self.events.append(event)
        self.more.set()

    async def wait_for(self, count: int) -> list[AuditEvent]:
        with anyio.fail_after(20):
            while len(self.events) < count:
                await self.more.wait()
                self.more = anyio.Event()
        return self.events


@asynccontextmanager
async def telling() -> AsyncIterator[tuple[AuditSink, Told]]:
    told = Told()
    sink = AuditSink(lambda: told.tell, lambda: 7)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sink.run)
        yield sink, told
        tasks.cancel_scope.cancel()


async def test_what_the_trail_says_is_told_in_its_order(tmp_path: Path) -> None:
    relaxed = Durability.RELAXED
    async with (
        telling() as (sink, told),
        open_index(tmp_path, now_us=lambda: 5, durability=relaxed) as index,
    ):
        index.tell_audited(sink.trail_grew)
        await index.add([new("1.1")])
        await index.instances.delete(SCOPE, ["1.1"], "admin")
        await index.audit(
            SCOPE, AuditEntry("doe", "retrieve", "sent", "1.2.3", "::1", "1 instance")
        )
        events = await told.wait_for(3)
    assert [each.action.partition(" ")[0] for each in events] == ["store", "delete", "retrieve"]
    assert events[2] == AuditEvent(5, "doe", "::1", "retrieve", "sent", "1.2.3", "1 instance")


async def test_what_was_refused_is_told() -> None:
    principal = Principal("doe\n" * 100)
    access = AccessRequest(principal, Door.HTTP, "::1", Action.DELETE, "1.2.3")
    async with telling() as (sink, told):
        sink.login_refused(Login(Door.HTTP, "::1", "basic", "doe:secret"), "nobody knows it")
        sink.access_denied(access, "legal hold")
        sink.association_refused(REFUSAL)
        login, denied, rejected = await told.wait_for(3)
    assert login == AuditEvent(7, "", "::1", "login", "refused", "", "basic: nobody knows it")
    assert (denied.action, denied.outcome, denied.detail) == ("delete", "denied", "legal hold")
    assert len(denied.actor) <= 64
    assert denied.actor.isprintable()
    assert (rejected.actor, rejected.action, rejected.outcome) == ("CT1", "associate", "rejected")
    assert REFUSAL.why in rejected.detail


async def test_p06_only_so_many_wait() -> None:
    told = Told()
    sink = AuditSink(lambda: told.tell, lambda: 7)
    registry = CollectorRegistry()
    registry.register(AuditCollector(sink.health))
    row = AuditRow(1, AuditEntry("doe", "retrieve", "sent"))
    sink.trail_grew([row] * (MAX_WAITING + 3))
    sink.trail_grew([replace(row, at_us=2)])
    await anyio.lowlevel.checkpoint()
    await anyio.lowlevel.checkpoint()
    assert sink.health() == AuditHealth(MAX_WAITING, 4)
    assert registry.get_sample_value("pacsd_audit_events_dropped_total") == 4
    assert registry.get_sample_value("pacsd_audit_events_waiting") == MAX_WAITING


async def test_what_was_rolled_back_is_not_told(tmp_path: Path) -> None:
    async with (
        telling() as (sink, told),
        open_index(tmp_path, now_us=lambda: 5, durability=Durability.RELAXED) as index,
    ):
        index.tell_audited(sink.trail_grew)
        fine, broken = AuditEntry("doe", "a", "done"), AuditEntry("doe", "b", None)  # type: ignore[arg-type]
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the index says of it
            await index.audit(SCOPE, fine, broken)
        await index.audit(SCOPE, AuditEntry("doe", "c", "done"))
        [event] = await told.wait_for(1)
    assert event.action == "c"


async def test_as_long_as_nobody_wants_to_know_nothing_waits() -> None:
    sink = AuditSink(lambda: None, lambda: 7)
    sink.login_refused(Login(Door.HTTP, "192.0.2.7", "bearer", "x"), "no such token")
    sink.trail_grew([AuditRow(1, AuditEntry("doe", "retrieve", "sent"))])
    await anyio.lowlevel.checkpoint()
    assert sink.health() == AuditHealth(0, 0)
