"""What is counted about associations, for Prometheus; children are bound once."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pacsd.dicom.status import category

_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60)


class NetMetrics:
    """The counters of this room in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.connections = Counter(
            "pacsd_connections", "Transport connections accepted", registry=registry
        )
        self.associations = Counter(
            "pacsd_associations", "Associations ended, by outcome", ["outcome"], registry=registry
        )
        self.refusals = Counter(
            "pacsd_association_refusals",
            "Associations rejected, by result, source and reason of the A-ASSOCIATE-RJ",
            ["result", "source", "reason"],
            registry=registry,
        )
        self.alerts = Counter(
            "pacsd_spoofed_associations",
            "Associations refused because a known AE title called from a foreign address",
            registry=registry,
        )
        self.violations = Counter(
            "pacsd_protocol_violations",
            "Associations aborted for a peer's fault",
            registry=registry,
        )
        self.timeouts = Counter(
            "pacsd_association_timeouts",
            "Associations aborted because the peer was idle or too slow",
            registry=registry,
        )
        self.defects = Counter(
            "pacsd_association_defects",
            "Associations aborted for a fault of ours",
            registry=registry,
        )
        self.oversized = Counter(
            "pacsd_oversized_pdus", "P-DATA-TF PDUs longer than announced", registry=registry
        )
        self.bytes = Counter(
            "pacsd_association_bytes", "Bytes over associations", ["direction"], registry=registry
        )
        self._operations = Counter(
            "pacsd_operations",
            "DIMSE operations performed, by command and category of status",
            ["command", "status"],
            registry=registry,
        )
        self.store_seconds = Histogram(
            "pacsd_store_seconds",
            "C-STORE from its command to its response",
            buckets=_SECONDS,
            registry=registry,
        )
        self._open = Gauge("pacsd_open_associations", "Associations open now", registry=registry)
        self._bound: dict[tuple[str, int], Counter] = {}

    def count_open(self, count: Callable[[], int]) -> None:
        """Where the number of open associations is to be asked."""
        self._open.set_function(count)

    def operation(self, command: str, status: int) -> None:
        """An operation was answered; statuses a plugin may invent share their category's child."""
        bound = self._bound.get((command, status))
        if bound is None:
            bound = self._operations.labels(command, category(status).value)
            if len(self._bound) < 1024:  # noqa: PLR2004 - a bound for a cache
                self._bound[command, status] = bound
        bound.inc()
