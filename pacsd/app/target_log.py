"""Targets of routes in the log: that one is down, and that it works again."""

import structlog

from pacsd.index.covering_deliveries import QUEUE

_log = structlog.get_logger("pacsd.jobs")


class TargetLog:
    """A TargetObserver: one line when a target goes down, and one when it works again."""

    def target_down(self, queue: str, why: str) -> None:
        """Name it; its deliveries wait, and nothing is lost."""
        target = queue.removeprefix(QUEUE)
        _log.warning("target is down: what goes there waits", target=target, why=why)

    def target_works(self, queue: str, down_s: float) -> None:
        """Say for how long it was down."""
        target = queue.removeprefix(QUEUE)
        _log.info("target works again", target=target, down_s=round(down_s))
