"""What is told of one association: to the flight recorder, the log, the metrics and the trace."""

import time
from dataclasses import dataclass, field

import structlog

from pacsd.api.acceptance import AssociationClosed
from pacsd.dicom.registry import uid_name
from pacsd.dicom.status import StatusCategory, category
from pacsd.dicom.text import printable
from pacsd.dimse.commands import CStoreRQ, Request
from pacsd.dimse.errors import CommandError
from pacsd.net.metrics import NetMetrics
from pacsd.net.rate_limit import RateLimit
from pacsd.net.recorder import AssociationRecord, CommandRecord, Outcome, Recorder, Refusal
from pacsd.net.trace import Trace
from pacsd.ul.errors import RemoteProtocolError
from pacsd.ul.negotiation import Negotiated
from pacsd.ul.pdu import AssociateRJ, AssociateRQ
from pacsd.ul.rejection import describe

STRANGER_INTERVAL_S = 10.0
"""One log line in so many seconds for an address that connects and speaks no DICOM."""

UNREADABLE_LINES = 3
"""Log lines for the unreadable requests of one association; the others are only counted."""

_log = structlog.get_logger("pacsd.net")


@dataclass(frozen=True, slots=True)
class Books:
    """Where the associations of one daemon are told of; `trace` is None unless it is on."""

    recorder: Recorder
    metrics: NetMetrics
    trace: Trace | None = None
    strangers: RateLimit = field(default_factory=lambda: RateLimit(STRANGER_INTERVAL_S))


class Chronicle:
    """One association's trail. The first outcome told is the one that stays."""

    def __init__(self, books: Books, peer_address: str) -> None:
        self.peer_address = peer_address
        self.trace = books.trace
        self._recorder = books.recorder
        self._metrics = books.metrics
        self._strangers = books.strangers
        self._unreadable = 0
        self._record: AssociationRecord | None = None
        self._is_refused = False

    @property
    def number(self) -> int:
        """The association's number in log and recorder; 0 before there is a request."""
        return self._record.number if self._record else 0

    @property
    def record(self) -> AssociationRecord | None:
        """What the recorder keeps; None before there is a request."""
        return self._record

    def requested(self, request: AssociateRQ) -> None:
        """An A-ASSOCIATE-RQ was read."""
        self._record = self._recorder.begin(time.time(), self.peer_address)
        self._record.requested(request)

    def refused(self, rejection: AssociateRJ, why: str, key: str, *, is_alert: bool) -> None:
        """An A-ASSOCIATE-RJ goes out."""
        record = self._record
        self._metrics.refusals.labels(rejection.result, rejection.source, rejection.reason).inc()
        if is_alert:
            self._metrics.alerts.inc()
            _log.warning("somebody calls under a known AE title", assoc=self.number, why=why)
        if record is not None:
            self._end(Outcome.REJECTED, why)
            record.key = key
        self._refuse(describe(rejection), why, key)

    def silent(self, why: str, key: str) -> None:
        """We close a connection over which no A-ASSOCIATE-RQ came."""
        if self._record is None and not self._is_refused:
            self._refuse("closed without an association", why, key)

    def accepted(self, negotiated: Negotiated) -> None:
        """The association is established."""
        if self._record is not None:
            self._record.accepted(negotiated)

    def operation(
        self, request: Request, status: int, data_set_bytes: int, started_s: float, ended_s: float
    ) -> None:
        """An operation was answered; the times are of the loop's clock."""
        self._metrics.operation(request.message_name, status)
        if isinstance(request, CStoreRQ):
            self._metrics.store_seconds.observe(ended_s - started_s)
        record = self._record
        if record is None:
            return
        if category(status) is StatusCategory.FAILURE:
            record.failures += 1
        at_s = max(0.0, time.time() - record.started_at - (ended_s - started_s))
        command = CommandRecord(
            at_s=at_s,
            name=request.message_name,
            message_id=request.message_id,
            sop_class_uid=printable(request.sop_class_uid),
            status=status,
            data_set_bytes=data_set_bytes,
            took_s=ended_s - started_s,
        )
        self._recorder.command(record, command)

    def violated(self, error: RemoteProtocolError) -> None:
        """The peer broke the protocol; an A-ABORT goes out."""
        (self._metrics.timeouts if error.is_timeout else self._metrics.violations).inc()
        why = f"{error} - A-ABORT({error.source:d},{error.reason:d})"
        if self._record is None:
            self._refuse("aborted before any association", why, "")
            self._tell_stranger(why)
        else:
            self._end(Outcome.ABORTED_BY_US, why)

    def unreadable(self, error: CommandError) -> None:
        """A request could not be read and was answered with a status that says so."""
        if error.status is not None:
            self._metrics.operation("unreadable", error.status)
        if self._record is not None:
            self._record.failures += 1
        self._unreadable += 1
        if self._unreadable <= UNREADABLE_LINES:
            _log.warning("a request could not be read", assoc=self.number, why=str(error))

    def failed(self, error: Exception) -> None:
        """A fault of ours ended the association."""
        self._metrics.defects.inc()
        _log.error("a defect of pacsd ended an association", assoc=self.number, exc_info=error)
        self._end(Outcome.ABORTED_BY_US, "an internal error, see the log")

    def ended(self, outcome: Outcome, reason: str = "") -> None:
        """The association is over in some other way."""
        self._end(outcome, reason)

    def closed(self, bytes_received: int, bytes_sent: int, oversized_pdus: int) -> None:
        """The connection is gone: sum up in one line."""
        self._metrics.bytes.labels("received").inc(bytes_received)
        self._metrics.bytes.labels("sent").inc(bytes_sent)
        if oversized_pdus:
            self._metrics.oversized.inc(oversized_pdus)
        record = self._record
        if record is None:
            return
        record.bytes_received, record.bytes_sent = bytes_received, bytes_sent
        self._recorder.end(record, time.time())
        self._metrics.associations.labels(record.outcome.value).inc()
        _tell(record)

    def told_closed(self) -> AssociationClosed | None:
        """An association that has ended, as plugins are told; None if there never was one."""
        record = self._record
        if record is None or not record.is_accepted:
            return None
        return AssociationClosed(
            number=record.number,
            calling_ae=record.calling_ae,
            called_ae=record.called_ae,
            peer_host=record.peer_address,
            seconds=(record.ended_at or record.started_at) - record.started_at,
            outcome=record.outcome.value,
        )

    def _tell_stranger(self, why: str) -> None:
        suppressed = self._strangers.admit(self.peer_address, time.monotonic())
        if suppressed is not None:
            more = {"suppressed": suppressed} if suppressed else {}
            _log.warning("no association", peer=self.peer_address, why=why, **more)

    def _end(self, outcome: Outcome, reason: str) -> None:
        if self._record is not None and self._record.outcome is Outcome.OPEN:
            self._record.outcome, self._record.reason = outcome, reason

    def _refuse(self, rejection: str, why: str, key: str) -> None:
        self._is_refused = True
        record = self._record
        self._recorder.refused(
            Refusal(
                at=time.time(),
                peer_address=self.peer_address,
                calling_ae=record.calling_ae if record else "",
                called_ae=record.called_ae if record else "",
                rejection=rejection,
                why=why,
                key=key,
            )
        )


def _tell(record: AssociationRecord) -> None:
    is_fine = record.outcome is Outcome.RELEASED
    tell = _log.info if is_fine else _log.warning
    accepted = (context for context in record.contexts if context.accepted)
    services = {uid_name(context.abstract_syntax) for context in accepted}
    details: dict[str, object] = {"reason": record.reason} if record.reason else {}
    if record.key:
        details["set"] = record.key
    tell(
        "association",
        assoc=record.number,
        outcome=record.outcome.value,
        peer=record.peer_address,
        calling=record.calling_ae,
        called=record.called_ae,
        implementation=record.implementation,
        contexts=f"{record.contexts_accepted}/{record.contexts_proposed}",
        services=_shortened(services),
        operations=record.operations,
        failures=record.failures,
        received_bytes=record.bytes_received,
        sent_bytes=record.bytes_sent,
        seconds=round((record.ended_at or record.started_at) - record.started_at, 3),
        **details,
    )


def _shortened(names: set[str]) -> str:
    """At most three names: an association may have 128."""
    first = sorted(names)[:3]
    more = len(names) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")
