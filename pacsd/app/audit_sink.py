"""The audit trail told to plugins, as it grows, and what was refused beside it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import anyio
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pacsd.api.access import AccessRequest, Login
from pacsd.api.audit import AuditEvent
from pacsd.dicom.text import printable
from pacsd.index.records import AuditRow
from pacsd.net.recorder import Refusal

MAX_WAITING = 10_000
MAX_WORD_LENGTH = 64
MAX_DETAIL_LENGTH = 1_000

Tell = Callable[[], Callable[[AuditEvent], Awaitable[None]] | None]
"""Who tells all plugins that want to know now, and never raises; None: nobody wants to."""


@dataclass(frozen=True, slots=True)
class AuditHealth:
    """How many events wait to be told, and how many were dropped."""

    waiting: int
    dropped: int


class AuditSink:
    """Tells, one event after the other, while `run` runs. Whoever adds an event never waits."""

    def __init__(self, tell: Tell, now_us: Callable[[], int]) -> None:
        self._dropped = 0
        self._tell = tell
        self._now_us = now_us
        self._waiting: deque[AuditEvent] = deque()
        self._is_there = anyio.Event()
        self._loop = asyncio.get_running_loop()

    def health(self) -> AuditHealth:
        """How the telling does."""
        return AuditHealth(len(self._waiting), self._dropped)

    async def run(self) -> None:
        """Tell what comes until cancelled."""
        while True:
            await self._is_there.wait()
            self._is_there = anyio.Event()
            while self._waiting:
                event, tell = self._waiting.popleft(), self._tell()
                if tell is not None:
                    await tell(event)

    def trail_grew(self, rows: Sequence[AuditRow]) -> None:
        """Rows of the trail were committed; in any thread."""
        if self._tell() is None:
            return
        events = [_of_row(each) for each in rows]
        # A loop that was closed meanwhile has nobody who is told.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._add, events)

    def login_refused(self, login: Login, why: str) -> None:
        """Somebody showed what is no good."""
        self._refused("", login.peer_host, "login", "refused", f"{login.scheme}: {why}")

    def access_denied(self, request: AccessRequest, why: str) -> None:
        """Somebody may not do something."""
        who, action = request.principal.name, str(request.action)
        self._refused(who, request.peer_host, action, "denied", why, request.study_instance_uid)

    def association_refused(self, refusal: Refusal) -> None:
        """An association was rejected."""
        self._refused(
            refusal.calling_ae,
            refusal.peer_address,
            "associate",
            "rejected",
            f"{refusal.rejection}; {refusal.why}",
        )

    def _refused(
        self, who: str, peer: str, action: str, outcome: str, detail: str, study: str = ""
    ) -> None:
        if self._tell() is None:
            return
        self._add([
            AuditEvent(
                at_us=self._now_us(),
                actor=printable(who, MAX_WORD_LENGTH),
                peer_address=peer,
                action=action,
                outcome=outcome,
                study_instance_uid=printable(study, MAX_WORD_LENGTH),
                detail=printable(detail, MAX_DETAIL_LENGTH),
            )
        ])  # fmt: skip

    def _add(self, events: Sequence[AuditEvent]) -> None:
        room = MAX_WAITING - len(self._waiting)
        self._waiting.extend(events[:room])
        self._dropped += max(0, len(events) - room)
        self._is_there.set()


class AuditCollector(Collector):
    """How the telling does, as Prometheus sees it."""

    def __init__(self, health: Callable[[], AuditHealth]) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Read the numbers now."""
        health = self._health()
        yield GaugeMetricFamily(
            "pacsd_audit_events_waiting",
            "Events of the audit trail that plugins are not told of yet",
            health.waiting,
        )
        yield CounterMetricFamily(
            "pacsd_audit_events_dropped",
            "Events of the audit trail that plugins are never told of: too many waited",
            health.dropped,
        )


def _of_row(row: AuditRow) -> AuditEvent:
    entry = row.entry
    return AuditEvent(
        row.at_us,
        entry.actor,
        entry.peer_address,
        entry.action,
        entry.outcome,
        entry.study_instance_uid,
        entry.detail,
    )
