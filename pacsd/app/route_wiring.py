"""Routing put together: who is asked for routes, what is sent, and to whom."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from pacsd.api.local_zone import LocalZone
from pacsd.app.archive_key import archive_key
from pacsd.app.clock import utc_us
from pacsd.app.conf.settings import Config
from pacsd.app.export_selection import EXPORT_LIMITS
from pacsd.app.opening import Archive
from pacsd.app.plugins import route_work
from pacsd.app.plugins.coerced_copies import CopyMaker
from pacsd.app.plugins.hop_guard import HopGuard
from pacsd.app.plugins.peers_confirm import PeersConfirm
from pacsd.app.target_log import TargetLog
from pacsd.app.web_wiring import WebParts
from pacsd.archive.commitments import AsksPeers
from pacsd.archive.deliverable import Deliverables
from pacsd.archive.event_subjects import EventSubjects
from pacsd.archive.retrieval import Retriever
from pacsd.index.covering_deliveries import QUEUE
from pacsd.index.delivery_records import Order
from pacsd.jobs.consumer import Consumer
from pacsd.jobs.deliveries import Deliveries, Targets
from pacsd.jobs.outcomes import Handler
from pacsd.jobs.patience import Patience
from pacsd.jobs.route_trials import RouteTrials
from pacsd.jobs.target_gates import TargetGates
from pacsd.jobs.target_hours import TargetHours
from pacsd.jobs.target_terms import TargetTerms
from pacsd.net import notify_target, peer_target, web_target
from pacsd.net.admission import Gatekeeper
from pacsd.net.destination_places import DestinationPlaces
from pacsd.net.notify_target import named_target
from pacsd.net.peer_target import PeerSending
from pacsd.net.scu import Timeouts
from pacsd.net.throttle import GiveWay, Throttle, Throttles
from pacsd.net.web_target import WebSending

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class RoutePeers:
    """Peers to which routes lead: how they are sent to, and asked what they keep."""

    sending: PeerSending
    asking: AsksPeers


def peer_sending(
    config: Config, gatekeeper: Gatekeeper, parts: WebParts, places: DestinationPlaces
) -> PeerSending:
    """What sends to peers where routes lead; by the name of our first AE title."""
    return PeerSending(
        parts.retriever,
        peers=lambda: gatekeeper.peers,
        timeouts=Timeouts.of(config.dimse),
        access=parts.access,
        calling_ae=config.ae[0].title,
        places=places,
        transcoding=parts.transcoding,
        throttles=throttles(config, parts.ingest.precedence.give_way),
    )


def target_terms(config: Config) -> Mapping[str, TargetTerms]:
    """The terms of those targets that have their own, by their names."""
    most = config.jobs.max_running_per_queue
    return {
        each.name: each if each.at_once else each.model_copy(update={"at_once": most})
        for each in config.route_target
    }


def throttles(config: Config, give_way: GiveWay) -> Throttles:
    """How fast targets are sent to."""
    own = {
        each.name: Throttle(each.instances_per_second, each.bytes_per_second, give_way=give_way)
        for each in config.route_target
    }
    return Throttles(own, partial(Throttle, give_way=give_way))


def target_gates(config: Config) -> TargetGates:
    """What knows to which targets nothing is sent now."""
    terms = target_terms(config).values()
    return TargetGates(
        hours=TargetHours(
            {f"{QUEUE}{each.name}": each.hours for each in terms},
            lambda: datetime.now(UTC),
            LocalZone(),
        ),
        at_once={f"{QUEUE}{each.name}": each.at_once for each in terms if each.at_once},
        observer=TargetLog(),
    )


def route_consumers(config: Config, archive: Archive) -> tuple[Consumer, ...]:
    """Who asks plugins where what an event is about shall go."""

    async def cover(order: Order) -> None:
        await archive.index.ledger.cover(replace(order, is_urgent=config.jobs.newest_first))

    return route_work.route_consumers(archive.hooks, cover, event_subjects(archive))


def event_subjects(archive: Archive) -> EventSubjects:
    """What tells what an event is about."""

    async def header_of(uid: str) -> bytes:
        return await archive.services.stored.header(uid)

    return EventSubjects(archive.index, header_of)


def route_trials(archive: Archive) -> RouteTrials:
    """What tries where something would go."""
    trial = partial(route_work.try_routes, archive.hooks)
    return RouteTrials(event_subjects(archive), _deliverables(archive), trial)


def delivery_handlers(
    config: Config, archive: Archive, peers: RoutePeers, gates: TargetGates
) -> Mapping[str, Handler]:
    """What sends it there. A study of any size may be delivered."""
    services = archive.services
    guard = HopGuard(partial(archive_key, config.data_dir))
    maker = CopyMaker(archive.hooks.coercion, lambda: services.stored, guard)
    patience = Patience(int(config.jobs.keep_trying_days * _DAY_US), utc_us)
    sending = peers.sending
    find = route_work.finding_targets(
        archive.hooks, own_targets(config, sending), maker, services.lending, sending.throttles
    )
    deliveries = Deliveries(
        archive.index.ledger,
        _deliverables(archive),
        Targets(find, target_terms(config), PeersConfirm(peers.asking, maker)),
        route_work.telling(archive.hooks),
        gates,
        patience,
    )
    return deliveries.handlers


def own_targets(config: Config, peers: PeerSending) -> route_work.OwnTargets:
    """The targets that need no plugin, by the prefix of their names."""
    servers = {each.name: each for each in config.web_target}
    web = WebSending(peers.retriever, servers, peers.access, peers.throttles)
    return {
        peer_target.PREFIX: peers.target,
        notify_target.PREFIX: partial(named_target, peers),
        web_target.PREFIX: web.target,
    }


def _deliverables(archive: Archive) -> Deliverables:
    return Deliverables(Retriever(archive.store, archive.index, EXPORT_LIMITS))
