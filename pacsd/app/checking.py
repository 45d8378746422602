"""Checks of the store by the daemon: the full one as an errand, the scrub in the background."""

from collections.abc import Callable, Iterator

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore
from pacsd.app.admin.errands import ErrandError
from pacsd.app.clock import utc_us
from pacsd.app.conf.settings import Config
from pacsd.app.opening import Archive
from pacsd.app.plugins import callers
from pacsd.archive.check import Check
from pacsd.archive.check_records import CheckProgress, CheckTally, Finding, FindingKind
from pacsd.archive.pace import Pace
from pacsd.archive.register import Register
from pacsd.archive.scrub import Scrub, ScrubHealth
from pacsd.archive.state_records import StateRecordError
from pacsd.index.errors import IndexFault
from pacsd.index.index import Index
from pacsd.index.records import Copy, CopyState, Scope, StoredInstance

_DAY_US = 86_400_000_000
_BAD = (CopyState.DAMAGED, CopyState.MISSING)
_ALL = Scope()

_log = structlog.get_logger("pacsd.store")


class CheckErrand:
    """A full check; as fast as it goes, and telling only its report, when no daemon runs.

    `register` takes in what the index did not know, and has the state log know how first.
    """

    def __init__(
        self,
        config: Config,
        archive: Archive,
        register: Register,
        *,
        with_digests: bool,
        is_in_use: bool,
    ) -> None:
        rate = config.scrub.check_bytes_per_second if is_in_use else None
        self._index, self._stores = archive.index, config.store.names
        self._found: Callable[[Finding], None] = _tell if is_in_use else lambda _: None
        self._tally, pace = CheckTally(), Pace(rate)
        self._checks = [
            Check(
                archive.store,
                name,
                archive.index,
                register,
                archive.taking_in,
                now_us=utc_us,
                decide=callers.instance_received(archive.hooks),
                with_digests=with_digests,
                is_in_use=is_in_use,
                pace=pace,
                found=self._found,
                tally=self._tally,
            )
            for name in config.store.names
        ]

    async def run(self) -> None:
        """Check everything, one store after the other.

        Raises:
            ErrandError: a store or the index failed, or the state log is not understood.
        """
        try:
            await self._pass_over()
            for check in self._checks:
                await check.run()
        except (StoreError, StateRecordError, IndexFault) as error:
            raise ErrandError(str(error)) from error

    async def _pass_over(self) -> None:
        """Say which files nobody can look at, since their store is not configured."""
        checks = self._index.checks
        for name in sorted(await checks.stores() - {*self._stores}):
            count = await checks.count(_ALL, name)
            finding = Finding(FindingKind.PASSED_OVER, f"{count} files", None, store=name)
            self._tally.add(finding)
            self._found(finding)

    def report(self) -> CheckProgress:
        """How far it is and what it found."""
        return self._tally.progress()


class ScrubLog:
    """A ScrubObserver: a line for each bad copy, without a patient's value."""

    def bad_copy(self, copy: Copy, state: CopyState, instance: StoredInstance | None) -> None:
        """Name the file and its instance, by our number and by its UIDs."""
        _log.error(
            "a stored copy is not good any more: send the object again",
            found=state.name.lower(),
            store=copy.location.store,
            key=copy.location.key,
            instance=copy.instance,
            sop_instance_uid=instance.sop_instance_uid if instance else "",
            study_instance_uid=instance.study_instance_uid if instance else "",
        )

    def scrub_failed(self, error: StoreError | IndexFault) -> None:
        """Say why nothing is read back."""
        _log.warning("the scrub could not go on", explanation=str(error))


def make_scrub(config: Config, store: BlobStore, index: Index) -> Scrub:
    """The scrub of a daemon; it does not run yet."""
    settings = config.scrub
    return Scrub(
        store,
        config.store.name,
        index,
        pace=Pace(settings.bytes_per_second),
        again_after_us=int(settings.again_after_days * _DAY_US),
        now_us=utc_us,
        observer=ScrubLog(),
        is_on=settings.enabled,
    )


class ScrubCollector(Collector):
    """The scrub as Prometheus sees it."""

    def __init__(self, health: Callable[[], ScrubHealth]) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Read the counters now."""
        health = self._health()
        yield CounterMetricFamily(
            "pacsd_scrub_read_bytes", "Bytes of stored objects read back", health.read_bytes
        )
        yield CounterMetricFamily(
            "pacsd_scrub_verified_copies", "Copies read back and found good", health.verified
        )
        found = CounterMetricFamily(
            "pacsd_scrub_bad_copies", "Copies that the scrub found bad, by how", labels=["found"]
        )
        known = GaugeMetricFamily(
            "pacsd_bad_copies",
            "Copies known to be bad, by how, whoever found them, and not repaired",
            labels=["found"],
        )
        for state in _BAD:
            found.add_metric([state.name.lower()], health.found.get(state, 0))
            known.add_metric([state.name.lower()], health.bad_copies.get(state, 0))
        yield found
        yield known


def _tell(finding: Finding) -> None:
    _log.warning(
        "a check of the store found something",
        found=str(finding.kind),
        store=finding.store,
        key=finding.key,
        number=finding.number,
        sop_instance_uid=finding.sop_instance_uid,
        study_instance_uid=finding.study_instance_uid,
    )
