"""Models that runners run, in the log and among the calls of their plugins."""

import time
from collections.abc import Callable

import structlog

from pacsd.api.ai import AiFindings, RunModel
from pacsd.api.dispatch.own_traceback import own_traceback
from pacsd.api.dispatch.tally import Call, Ending, Tally

HOOK = "pacsd_ai_runner"
"""As whose calls runs are counted."""

_log = structlog.get_logger("pacsd.jobs")


class RunLog:
    """A RunObserver. A run is a call of the plugin that gave the runner."""

    def __init__(self, tally: Tally, now_s: Callable[[], float] = time.monotonic) -> None:
        self._tally = tally
        self._now_s = now_s

    def run_ended(
        self, run: RunModel, provider: str, seconds: float, found: AiFindings | None
    ) -> None:
        """Say that it was run; what it found stands in the list of jobs."""
        _log.info(
            "model was run",
            plugin=provider,
            runner=run.runner,
            model=run.model,
            version=run.version,
            seconds=round(seconds, 3),
            found=found is not None,
        )
        self._count(run, provider, seconds, Ending.ANSWERED)

    def run_failed(
        self, run: RunModel, provider: str, seconds: float, error: Exception, *, is_late: bool
    ) -> None:
        """Say why not, with the runner's own traceback if it raised."""
        cause = error.__cause__
        traceback = "" if cause is None else own_traceback(cause)
        _log.error(
            "model was not run",
            plugin=provider,
            runner=run.runner,
            model=run.model,
            version=run.version,
            seconds=round(seconds, 3),
            error=str(error),
            **({"exception": traceback} if traceback else {}),
        )
        ending = Ending.LATE if is_late else Ending.RAISED
        self._count(run, provider, seconds, ending, traceback)

    def run_broken_off(self, run: RunModel, provider: str, seconds: float) -> None:
        """Say what begins again; the plugin did nothing wrong."""
        _log.warning(
            "model begins to be run again: its runner's plugin is exchanged",
            plugin=provider,
            runner=run.runner,
            model=run.model,
            version=run.version,
            seconds=round(seconds, 3),
        )

    def _count(
        self, run: RunModel, provider: str, seconds: float, ending: Ending, traceback: str = ""
    ) -> None:
        kind = " ".join(filter(None, ("run of", run.model, run.version)))
        call = Call(self._now_s(), HOOK, provider, seconds, ending, kind, traceback)
        self._tally.note(self._tally.count_of(HOOK, provider), call)
