"""What ingest's faults look like in the log."""

import time
from collections.abc import Callable

import structlog

from pacsd.api.errors import StoreError
from pacsd.api.reception import Reception
from pacsd.archive.observer import Concern
from pacsd.net.rate_limit import RateLimit

LINE_INTERVAL_S = 1.0

_log = structlog.get_logger("pacsd.ingest")


class IngestLog:
    """An IngestObserver; at most one line a second for each fault of the store."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._rate_limit = RateLimit(LINE_INTERVAL_S)

    def not_stored(self, reception: Reception, error: StoreError) -> None:
        """Name the fault, who called whom, and how many lines like it were left out before."""
        left_out = self._rate_limit.admit(error.fault, self._now_s())
        if left_out is None:
            return
        _log.error(
            "an object was not stored",
            fault=str(error.fault),
            explanation=error.explanation,
            calling_ae=reception.calling_ae,
            called_ae=reception.called_ae,
            left_out=left_out,
        )

    def concern_changed(self, before: Concern | None, now: Concern | None) -> None:
        """One line: what is wrong now, or that it is over."""
        if now is not None and now.is_refusal:
            _log.error("nothing is stored any more", why=now.why)
            return
        if before is not None and before.is_refusal:
            _log.warning("objects are stored again")
        elif now is None:
            _log.info("the store is well again")
        if now is not None:
            _log.warning("the store needs attention", why=now.why)
