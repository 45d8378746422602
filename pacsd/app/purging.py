"""The purge of a daemon: made of its settings, told in the log and to Prometheus."""

from collections.abc import Callable, Iterator

import structlog
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from pacsd.api.errors import StoreError
from pacsd.app.clock import utc_us
from pacsd.app.conf.settings import Config
from pacsd.archive.curation import Curation
from pacsd.archive.purge import Purge, PurgeHealth
from pacsd.archive.state_records import StateRecordError
from pacsd.index.errors import IndexFault

_DAY_US = 86_400_000_000

_log = structlog.get_logger("pacsd.store")


class PurgeLog:
    """A PurgeObserver: a line when all that was due is gone."""

    def purged(self, instances: int) -> None:
        """Say how many; the audit trail names their studies."""
        _log.info("deleted instances and their files were removed for good", instances=instances)

    def purge_failed(self, error: StoreError | StateRecordError | IndexFault) -> None:
        """Say why nothing goes."""
        _log.warning("deleted instances could not be removed", explanation=str(error))


def keep_us(config: Config) -> int | None:
    """How long deleted instances can be restored; None: for ever."""
    settings = config.deletion
    return int(settings.keep_days * _DAY_US) if settings.purge else None


def make_purge(config: Config, curation: Curation) -> Purge:
    """The purge of a daemon; it does not run yet."""
    return Purge(curation, keep_us=keep_us(config), now_us=utc_us, observer=PurgeLog())


class PurgeCollector(Collector):
    """The purge as Prometheus sees it."""

    def __init__(self, health: Callable[[], PurgeHealth]) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Read the counter now."""
        yield CounterMetricFamily(
            "pacsd_purged_instances",
            "Deleted instances that were removed for good, with their files",
            self._health().purged,
        )
