"""How old changes of a daemon are forgotten: as its settings say, told in the log if it fails."""

import structlog

from pacsd.app.clock import utc_us
from pacsd.app.conf.settings import Config
from pacsd.archive.forgetting import Forgetting
from pacsd.index.errors import IndexFault
from pacsd.index.index import Index

_DAY_US = 86_400_000_000

_log = structlog.get_logger("pacsd.index")


class ForgettingLog:
    """A ForgettingObserver."""

    def forgetting_failed(self, fault: IndexFault) -> None:
        """Say why nothing goes."""
        _log.warning("old changes could not be forgotten", explanation=str(fault))


def make_forgetting(config: Config, index: Index) -> Forgetting:
    """What forgets; it does not run yet."""
    keep_us = int(config.index.keep_changes_days * _DAY_US) or None
    return Forgetting(index, keep_us=keep_us, now_us=utc_us, observer=ForgettingLog())
