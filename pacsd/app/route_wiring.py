"""Routing put together: who is asked for routes, what is sent, and to whom."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from pacsd.app.archive_key import archive_key
from pacsd.app.clock import utc_us
from pacsd.app.conf.settings import Config
from pacsd.app.export_selection import EXPORT_LIMITS
from pacsd.app.opening import Archive
from pacsd.app.plugins import route_work
from pacsd.app.plugins.coerced_copies import CopyMaker
from pacsd.app.plugins.hop_guard import HopGuard
from pacsd.app.web_wiring import WebParts
from pacsd.archive.deliverable import Deliverables
from pacsd.archive.event_subjects import EventSubjects
from pacsd.archive.retrieval import Retriever
from pacsd.index.delivery_records import Order
from pacsd.jobs.consumer import Consumer
from pacsd.jobs.deliveries import Deliveries, Patience
from pacsd.jobs.outcomes import Handler
from pacsd.jobs.route_trials import RouteTrials
from pacsd.jobs.target_gates import TargetGates
from pacsd.net import notify_target, peer_target, web_target
from pacsd.net.admission import Gatekeeper
from pacsd.net.destination_places import DestinationPlaces
from pacsd.net.notify_target import named_target
from pacsd.net.peer_target import PeerSending
from pacsd.net.scu import Timeouts
from pacsd.net.web_target import WebSending

_DAY_US = 86_400_000_000


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
    config: Config, archive: Archive, peers: PeerSending, gates: TargetGates
) -> Mapping[str, Handler]:
    """What sends it there. A study of any size may be delivered."""
    services = archive.services
    guard = HopGuard(partial(archive_key, config.data_dir))
    maker = CopyMaker(archive.hooks.coercion, lambda: services.stored, guard)
    patience = Patience(int(config.jobs.keep_trying_days * _DAY_US), utc_us)
    deliveries = Deliveries(
        archive.index.ledger,
        _deliverables(archive),
        route_work.finding_targets(
            archive.hooks, own_targets(config, peers), maker, services.lending
        ),
        route_work.telling(archive.hooks),
        gates,
        patience,
    )
    return deliveries.handlers


def own_targets(config: Config, peers: PeerSending) -> route_work.OwnTargets:
    """The targets that need no plugin, by the prefix of their names."""
    servers = {each.name: each for each in config.web_target}
    web = WebSending(peers.retriever, servers, peers.access)
    return {
        peer_target.PREFIX: peers.target,
        notify_target.PREFIX: partial(named_target, peers),
        web_target.PREFIX: web.target,
    }


def _deliverables(archive: Archive) -> Deliverables:
    return Deliverables(Retriever(archive.store, archive.index, EXPORT_LIMITS))
