"""DIMSE put together: who is let in, what is done over associations, and who tells of them."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from pacsd.app.admin.guest import Guests
from pacsd.app.audit_sink import AuditSink
from pacsd.app.commitment_wiring import CommitmentParts, make_commitment
from pacsd.app.conf.checks import Checked
from pacsd.app.conf.settings import Config
from pacsd.app.opening import Archive
from pacsd.app.plugins import callers
from pacsd.app.route_wiring import RoutePeers, peer_sending
from pacsd.app.web_wiring import WebParts
from pacsd.archive.ingest import Ingest
from pacsd.net.admission import Gatekeeper
from pacsd.net.ae import ApplicationEntity
from pacsd.net.chronicle import Books
from pacsd.net.destination_places import DestinationPlaces
from pacsd.net.kept_associations import KeptAssociations
from pacsd.net.listener import Listener
from pacsd.net.metrics import NetMetrics
from pacsd.net.peer_target import PeerSending
from pacsd.net.performer import Services
from pacsd.net.places import Places
from pacsd.net.recorder import Recorder
from pacsd.net.retrieving import Retrieving
from pacsd.net.scp import Desk
from pacsd.net.scu import Timeouts
from pacsd.net.trace import Trace
from pacsd.net.turns import Turns
from pacsd.net.web.guard import Guard
from pacsd.ul.association import Limits


@dataclass(frozen=True, slots=True)
class Dimse:
    """Who takes associations, and from whom; who sends where routes lead.

    `recorder` tells of associations that have ended, `guests` lets in who sends files meanwhile;
    `commitment` says what is kept safely, and asks peers the same. `kept` are associations that
    were sent over and are not used now.
    """

    gatekeeper: Gatekeeper
    listener: Listener
    guests: Guests
    recorder: Recorder
    sending: PeerSending
    commitment: CommitmentParts
    kept: KeptAssociations

    @property
    def route_peers(self) -> RoutePeers:
        """The peers to which routes lead."""
        return RoutePeers(self.sending, self.commitment.peers_asked)


def make_dimse(
    checked: Checked,
    archive: Archive,
    parts: WebParts,
    registry: CollectorRegistry,
    sink: AuditSink,
) -> Dimse:
    """What answers over DIMSE; it does not listen yet."""
    config = checked.config
    places = DestinationPlaces(KeptAssociations(config.dimse.keep_associations_s))
    gatekeeper = _gatekeeper(checked, parts.ingest)
    commitment = make_commitment(config, archive, gatekeeper, places, registry)
    services = _services(config, gatekeeper, parts, places, commitment)
    books = _books(config, registry, sink)
    listener = _listener(config, archive, gatekeeper, services, books, parts.guard)
    return Dimse(
        gatekeeper,
        listener,
        Guests(gatekeeper, lambda: listener.addresses),
        books.recorder,
        peer_sending(config, gatekeeper, parts, places),
        commitment,
        places.kept,
    )


def _gatekeeper(checked: Checked, ingest: Ingest) -> Gatekeeper:
    """Who is let in, at which AE title, and how many at a time."""
    dimse = checked.config.dimse
    return Gatekeeper(
        {own.title: ApplicationEntity.of(own, dimse) for own in checked.config.ae},
        checked.peers,
        Places(dimse.max_associations, dimse.reserved_associations),
        dimse.max_associations_per_peer,
        ingest.admits_senders,
    )


def _books(config: Config, registry: CollectorRegistry, sink: AuditSink) -> Books:
    """Where associations are told of."""
    recorder = Recorder(config.recorder, sink.association_refused)
    return Books(recorder, NetMetrics(registry), _trace(config))


def _listener(
    config: Config,
    archive: Archive,
    gatekeeper: Gatekeeper,
    services: Services,
    books: Books,
    guard: Guard,
) -> Listener:
    """Who takes associations."""
    desk = Desk(
        gatekeeper=gatekeeper,
        services=services,
        books=books,
        limits=_limits_before_request(config),
        max_data_set_bytes=config.dimse.max_data_set_bytes,
        network_timeout_s=config.dimse.network_timeout_s,
        hook=callers.association_requested(archive.hooks),
        closed_hook=callers.association_closed(archive.hooks),
        logins=guard.logins,
        names_are_exact=not config.query.ignore_case,
    )
    listener = Listener(desk, config.dimse.listen, config.dimse.backlog)
    books.metrics.count_open(listener.open_associations)
    return listener


def _services(
    config: Config,
    gatekeeper: Gatekeeper,
    parts: WebParts,
    places: DestinationPlaces,
    commitment: CommitmentParts,
) -> Services:
    """What is done over associations."""
    return Services(
        parts.ingest,
        parts.finder,
        Retrieving(
            parts.retriever,
            peers=lambda: gatekeeper.peers,
            timeouts=Timeouts.of(config.dimse),
            turns=Turns(config.query.max_retrievals),
            access=parts.access,
            own_titles=frozenset(own.title for own in config.ae),
            places=places,
            transcoding=parts.transcoding,
        ),
        parts.guard.permissions,
        parts.guard.sights,
        parts.guard.results,
        commitment.committing,
    )


def _limits_before_request(config: Config) -> Limits:
    """What holds for a connection as long as nobody has said which AE title is called."""
    return Limits(
        artim_s=config.dimse.artim_timeout_s, pdu_timeout_s=config.dimse.network_timeout_s
    )


def _trace(config: Config) -> Trace | None:
    return Trace(frozenset(config.log.trace)) if config.log.trace else None
