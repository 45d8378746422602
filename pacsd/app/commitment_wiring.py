"""Storage commitment put together: who takes it, judges, reports, and asks peers for it."""

import time
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter

from pacsd.app.checking import ScrubLog
from pacsd.app.clock import utc_us
from pacsd.app.conf.settings import Config
from pacsd.app.opening import Archive
from pacsd.archive.commitments import CommitmentReport, HeardByFirst
from pacsd.archive.pace import Pace
from pacsd.archive.safekeeping import Safekeeping
from pacsd.jobs.commitments import Commitments
from pacsd.net.admission import Gatekeeper
from pacsd.net.commitment_lines import CommitmentLines
from pacsd.net.commitment_reporter import CommitmentReporter
from pacsd.net.commitment_scu import CommitmentSCU, PeersAsked
from pacsd.net.committing import Committing
from pacsd.net.destination_places import DestinationPlaces
from pacsd.net.late_results import LateResults
from pacsd.net.scu import Timeouts

_RESULTS = ("committed", "not committed")


@dataclass(frozen=True, slots=True)
class CommitmentParts:
    """What answers over DIMSE, what runs the jobs, and what asks peers: anybody, or by AE title."""

    committing: Committing
    commitments: Commitments
    asking: CommitmentSCU
    peers_asked: PeersAsked


class CommitmentCounts:
    """What peers were told, as Prometheus sees it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._instances = Counter(
            "pacsd_commitment_instances",
            "Instances that peers were told to be committed, or not to be",
            ["result"],
            registry=registry,
        )
        for result in _RESULTS:
            self._instances.labels(result)

    def count(self, report: CommitmentReport) -> None:
        """A peer has taken a result."""
        counts = len(report.result.committed), len(report.result.failed)
        for result, count in zip(_RESULTS, counts, strict=True):
            self._instances.labels(result).inc(count)


def make_commitment(
    config: Config,
    archive: Archive,
    gatekeeper: Gatekeeper,
    places: DestinationPlaces,
    registry: CollectorRegistry,
) -> CommitmentParts:
    """The storage commitment of a daemon; nothing runs yet."""
    lines, timeouts = CommitmentLines(), Timeouts.of(config.dimse)

    def knows(title: str) -> bool:
        return gatekeeper.peers.find(title) is not None

    safekeeping = Safekeeping(
        archive.store,
        config.store.name,
        archive.index,
        Pace(config.scrub.check_bytes_per_second),
        ScrubLog(),
        utc_us,
    )
    commitments = Commitments(
        archive.index.jobs,
        archive.index.plugin_values,
        safekeeping,
        CommitmentReporter(
            lines,
            lambda: gatekeeper.peers,
            timeouts,
            places,
            told=CommitmentCounts(registry).count,
        ),
        knows=knows,
        now_us=utc_us,
        now_s=time.monotonic,
    )
    asking = CommitmentSCU(timeouts, kept=places.kept)
    late = LateResults()
    peers_asked = PeersAsked(asking, lambda: gatekeeper.peers, config.ae[0].title, late)
    committing = Committing(commitments, HeardByFirst(asking, late), knows, lines)
    return CommitmentParts(committing, commitments, asking, peers_asked)
