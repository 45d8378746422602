"""What ingest's faults look like in the log."""

import time
from collections.abc import Callable

import structlog

from pacsd.api.errors import StoreError
from pacsd.api.reception import Reception
from pacsd.api.store import Location
from pacsd.archive.observer import Concern
from pacsd.index.errors import IndexFault
from pacsd.index.records import Outcome
from pacsd.net.rate_limit import RateLimit

LINE_INTERVAL_S = 1.0

_log = structlog.get_logger("pacsd.ingest")


class IngestLog:
    """An IngestObserver; at most one line a second of each kind."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._rate_limit = RateLimit(LINE_INTERVAL_S)

    def not_stored(self, reception: Reception, fault: StoreError | IndexFault) -> None:
        """Name the fault, who called whom, and how many lines like it were left out before."""
        word = str(fault.fault if isinstance(fault, StoreError) else fault.kind)
        left_out = self._admit(word)
        if left_out is not None:
            _log.error(
                "an object was not stored",
                fault=word,
                explanation=fault.explanation,
                calling_ae=reception.calling_ae,
                called_ae=reception.called_ae,
                left_out=left_out,
            )

    def set_aside(self, reception: Reception, became: Outcome) -> None:
        """Say that somebody has to decide."""
        left_out = self._admit(became)
        if left_out is not None:
            _log.warning(
                "an object is kept, but not shown: somebody has to decide",
                became=str(became),
                calling_ae=reception.calling_ae,
                called_ae=reception.called_ae,
                left_out=left_out,
            )

    def preamble_zeroed(self, reception: Reception) -> None:
        """Say by which way it came; what was in it is nobody's business."""
        left_out = self._admit("preamble")
        if left_out is not None:
            _log.warning(
                "a preamble was replaced by zeros",
                origin=reception.origin,
                calling_ae=reception.calling_ae,
                left_out=left_out,
            )

    def not_removed(self, location: Location, error: StoreError | IndexFault) -> None:
        """Name the file."""
        left_out = self._admit("not removed")
        if left_out is not None:
            _log.warning(
                "a file that nothing names was not removed",
                key=location.key,
                explanation=error.explanation,
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

    def _admit(self, kind: str) -> int | None:
        """How many lines of a kind were left out; None when this one is to be left out, too."""
        return self._rate_limit.admit(kind, self._now_s())
