"""Connections that the HTTP listener turns away: counted, and told now and then, by reason.

No address is told: it may be a patient's at home.
"""

import time
from collections.abc import Callable
from enum import StrEnum

import structlog
from prometheus_client import CollectorRegistry, Counter

from pacsd.net.rate_limit import RateLimit

INTERVAL_S = 60.0
"""So often at most each reason is told."""

_log = structlog.get_logger("pacsd.net.http")


class NoPlace(StrEnum):
    """Of what there are as many as there may be."""

    ALL = "all"
    """Connections in all."""

    ADDRESS = "address"
    """Connections from where this one comes."""


class HttpRefusals:
    """What one listener turned away; `now_s` is a clock that never goes back."""

    def __init__(
        self, registry: CollectorRegistry, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._now_s = now_s
        self._told = RateLimit(INTERVAL_S)
        counter = Counter(
            "pacsd_http_refused_connections",
            "Connections of the web listener answered 503 at once, by whose places are all taken",
            ["reason"],
            registry=registry,
        )
        self._counters = {reason: counter.labels(reason.value) for reason in NoPlace}

    def refused(self, reason: NoPlace) -> None:
        """One was turned away."""
        self._counters[reason].inc()
        suppressed = self._told.admit(reason, self._now_s())
        if suppressed is not None:
            more = {"suppressed": suppressed} if suppressed else {}
            _log.warning("connections are turned away", reason=reason.value, **more)
