"""The one place where the rooms are put together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry, Gauge

from pacsd.app.admin.correction_commands import CorrectionCommands
from pacsd.app.admin.deletion_commands import DeletionCommands
from pacsd.app.admin.errands import Arguments, Begin, Errands
from pacsd.app.admin.guest import Guests
from pacsd.app.admin.index_commands import index_commands
from pacsd.app.admin.job_commands import JobCommands
from pacsd.app.admin.plugin_commands import plugin_commands
from pacsd.app.admin.quarantine_commands import QuarantineCommands
from pacsd.app.admin.run_commands import run_commands
from pacsd.app.admin.unix_socket import Command
from pacsd.app.audit_sink import AuditCollector, AuditSink
from pacsd.app.checking import CheckErrand, ScrubCollector, make_scrub
from pacsd.app.clock import now_us, utc_us
from pacsd.app.conf.checks import Checked
from pacsd.app.conf.settings import Config
from pacsd.app.errand_log import tell_ended
from pacsd.app.export_selection import EXPORT_LIMITS, Selection, request_of
from pacsd.app.exporting import ExportErrand
from pacsd.app.extra_tags import Reindexing
from pacsd.app.forgetting import make_forgetting
from pacsd.app.guarding import make_guard
from pacsd.app.importing import ImportErrand, paths_of
from pacsd.app.indexing import IndexCollector
from pacsd.app.ingest_log import IngestLog, tell_not_noted, tell_repair_not_logged
from pacsd.app.ingest_metrics import IngestCollector
from pacsd.app.isolation.home import Home
from pacsd.app.job_running import JobRunning, make_jobs
from pacsd.app.metadata_making import MetadataCollector, MetadataMaking, make_metadata
from pacsd.app.opening import Archive
from pacsd.app.plugin_metrics import (
    HookCollector,
    PluginHealthCollector,
    SeriesCollector,
    TranscodingCollector,
)
from pacsd.app.plugin_work import make_plugin_work
from pacsd.app.plugins import callers
from pacsd.app.plugins.commands import run_command
from pacsd.app.plugins.copy_place import CopyPlace
from pacsd.app.plugins.health import PluginHealth
from pacsd.app.plugins.reloading import Exchange
from pacsd.app.plugins.surfaces import Surfaces
from pacsd.app.plugins.transcoding import PluginTranscoding
from pacsd.app.purging import PurgeCollector, keep_us, make_purge
from pacsd.app.route_wiring import peer_sending
from pacsd.app.web_wiring import WebParts, web_services
from pacsd.archive.access import Access
from pacsd.archive.change_feed import ChangeFeed
from pacsd.archive.curation import Curation
from pacsd.archive.finding import Finder, QueryLimits
from pacsd.archive.forgetting import Forgetting
from pacsd.archive.ingest import Ingest
from pacsd.archive.preamble import PreamblePolicy
from pacsd.archive.purge import Purge
from pacsd.archive.register import Register
from pacsd.archive.removal import Removal
from pacsd.archive.restoring import RestoringRegister
from pacsd.archive.retrieval import Retriever
from pacsd.archive.scrub import Scrub
from pacsd.archive.stored_headers import StoredHeaders
from pacsd.dicom.text import printable
from pacsd.index.index import Index
from pacsd.jobs.consumer import Consumer
from pacsd.net.admission import Gatekeeper
from pacsd.net.ae import ApplicationEntity
from pacsd.net.chronicle import Books
from pacsd.net.destination_places import DestinationPlaces
from pacsd.net.http import Health, HttpListener, Serve
from pacsd.net.http_connection import HttpLimits
from pacsd.net.listener import Listener
from pacsd.net.metrics import NetMetrics
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

_EXPLANATION_CHARS = 256


@dataclass(frozen=True, slots=True)
class Parts:
    """What a running daemon consists of; `http` is None when it is off.

    `guard` remembers what plugins allowed; who they are may change at a reload, by `exchange`,
    and with them `surfaces` and the `consumers` of events.
    """

    ingest: Ingest
    ingest_log: IngestLog
    scrub: Scrub
    purge: Purge
    metadata: MetadataMaking
    forgetting: Forgetting
    reindexing: Reindexing
    jobs: JobRunning
    errands: Errands
    commands: Mapping[str, Command]
    gatekeeper: Gatekeeper
    guests: Guests
    guard: Guard
    exchange: Exchange | None
    plugin_health: PluginHealth
    surfaces: Surfaces
    consumers: Callable[[], Sequence[Consumer]]
    recorder: Recorder
    audit: AuditSink
    listener: Listener
    http: HttpListener | None


def build(checked: Checked, archive: Archive, surfaces: Surfaces | None = None) -> Parts:
    """Put a daemon together; nothing runs yet. `surfaces` are what plugins add."""
    config, store, index = checked.config, archive.store, archive.index
    surfaces, registry = surfaces or Surfaces(), CollectorRegistry()
    ingest_log = IngestLog()
    curation = make_curation(config, archive, ingest_log)
    register = make_register(archive, curation)
    ingest = make_ingest(config, archive, register, ingest_log)
    scrub, purge = make_scrub(config, store, index), make_purge(config, curation)
    _measure(registry, archive, ingest, scrub, purge)
    plugin_health = make_plugin_health(archive, registry)
    gatekeeper, sink = _gatekeeper(checked, ingest), _audit_sink(archive, registry)
    reindexing = Reindexing(store, index, archive.extra_tags)
    retriever = make_retriever(config, archive, ingest_log)
    metadata = _metadata(config, archive, retriever, registry)
    parts = WebParts(
        ingest=ingest,
        finder=make_finder(config, archive, reindexing),
        retriever=retriever,
        removal=_removal(archive, curation),
        access=Access(index, tell_not_noted),
        metadata=metadata.reader,
        kept=metadata.kept,
        changes=_change_feed(config, index, registry),
        guard=make_guard(archive.hooks, sink),
        routes=lambda: surfaces.routes,
        transcoding=_transcoding(config, archive, registry),
    )
    places = DestinationPlaces()
    services = _services(config, gatekeeper, parts, places)
    books = _books(config, registry, sink)
    listener = _listener(config, archive, gatekeeper, services, books, parts.guard)
    work = make_plugin_work(archive, peer_sending(config, gatekeeper, parts, places))
    jobs = make_jobs(config, index, registry, work.consumers(), work.handlers)
    guests = Guests(gatekeeper, lambda: listener.addresses)
    health = partial(_health, ingest, gatekeeper, archive, plugin_health)
    return Parts(
        ingest=ingest,
        ingest_log=ingest_log,
        scrub=scrub,
        purge=purge,
        metadata=metadata,
        forgetting=make_forgetting(config, index),
        reindexing=reindexing,
        jobs=jobs,
        errands=_errands(config, archive, register, ingest, ingest_log),
        commands=_commands(config, archive, curation, parts.removal, jobs)
        | _plugin_commands(archive, plugin_health, surfaces)
        | dict(guests.commands),
        gatekeeper=gatekeeper,
        guests=guests,
        guard=parts.guard,
        exchange=archive.exchange,
        plugin_health=plugin_health,
        surfaces=surfaces,
        consumers=work.consumers,
        recorder=books.recorder,
        audit=sink,
        listener=listener,
        http=_http(config, registry, parts, web_services(config, archive, parts), health),
    )


def make_plugin_health(archive: Archive, registry: CollectorRegistry) -> PluginHealth:
    """How those plugins do that run at the time; measured, as what they do is."""

    def homes() -> Mapping[str, Home]:
        return {} if archive.exchange is None else archive.exchange.plugins.homes

    plugin_health = PluginHealth(archive.hooks.health, homes)
    registry.register(HookCollector(archive.tally))
    registry.register(PluginHealthCollector(plugin_health.look))
    return plugin_health


def _health(
    ingest: Ingest, gatekeeper: Gatekeeper, archive: Archive, plugin_health: PluginHealth
) -> Health:
    """Whether the daemon does its work."""
    reasons = [ingest.unready(), "shutting down" if gatekeeper.is_draining else None]
    given = tuple(reason for reason in reasons if reason)
    given += tuple(ill_stores(archive, plugin_health))
    return Health(is_ready=not given, reasons=given)


def ill_stores(archive: Archive, plugin_health: PluginHealth) -> list[str]:
    """What is wrong with the plugins of the store, a sentence each; has them asked again."""
    known = plugin_health.look()
    return [
        f"plugin {name} of the store: {printable(known[name].explanation, _EXPLANATION_CHARS)}"
        for name in sorted(archive.hooks.blob_store.plugins)
        if name in known and not known[name].is_well
    ]


def _errands(
    config: Config, archive: Archive, register: Register, ingest: Ingest, log: IngestLog
) -> Errands:
    """The long work that commands may want of a daemon."""
    kinds = errand_kinds(config, archive, register, ingest, log, is_in_use=True)
    return Errands(kinds, tell_ended=tell_ended)


def _transcoding(
    config: Config, archive: Archive, registry: CollectorRegistry
) -> PluginTranscoding:
    """The codecs of plugins, measured; there may be some after a reload."""
    place = CopyPlace(config.data_dir, config.store.min_free_bytes)
    made = PluginTranscoding(archive.hooks.transcoder, config.transcoding, place)
    registry.register(TranscodingCollector(made.health))
    return made


def _removal(archive: Archive, curation: Curation) -> Removal:
    """Who deletes, unless a plugin objects."""
    ask = callers.before_delete(archive.hooks)
    return Removal(archive.index, curation, now_us=utc_us, ask=ask)


def _metadata(
    config: Config, archive: Archive, retriever: Retriever, registry: CollectorRegistry
) -> MetadataMaking:
    """What makes metadata ahead; measured."""
    metadata = make_metadata(config, archive, retriever)
    registry.register(MetadataCollector(metadata.ahead.health))
    return metadata


def _audit_sink(archive: Archive, registry: CollectorRegistry) -> AuditSink:
    """Who tells plugins what the audit trail says."""
    sink = AuditSink(callers.audit(archive.hooks), utc_us)
    archive.index.tell_audited(sink.trail_grew)
    registry.register(AuditCollector(sink.health))
    return sink


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
    config: Config, gatekeeper: Gatekeeper, parts: WebParts, places: DestinationPlaces
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
    )


def _measure(
    registry: CollectorRegistry, archive: Archive, ingest: Ingest, scrub: Scrub, purge: Purge
) -> None:
    registry.register(IngestCollector(ingest))
    registry.register(IndexCollector(archive.index.health))
    registry.register(ScrubCollector(scrub.health))
    registry.register(PurgeCollector(purge.health))
    registry.register(SeriesCollector(archive.services.metrics))


def _change_feed(config: Config, index: Index, registry: CollectorRegistry) -> ChangeFeed:
    feed = ChangeFeed(index, config.dicomweb.max_change_readers)
    count_change_readers(registry, lambda: feed.readers)
    return feed


def count_change_readers(registry: CollectorRegistry, readers: Callable[[], int]) -> None:
    """Tell Prometheus how many there are."""
    gauge = Gauge("pacsd_change_readers", "Clients that wait for changes now", registry=registry)
    gauge.set_function(readers)


def _commands(
    config: Config, archive: Archive, curation: Curation, removal: Removal, jobs: JobRunning
) -> dict[str, Command]:
    """The commands of the admin socket about what is archived, and about durable work."""
    return {
        **QuarantineCommands(archive.store, archive.index, curation).by_name(),
        **CorrectionCommands(archive.index, curation).by_name(),
        **DeletionCommands(archive.index, removal, keep_us(config)).by_name(),
        **index_commands(archive.index),
        **JobCommands(archive.index.jobs, jobs.workers).by_name(),
    }


def _plugin_commands(
    archive: Archive, plugin_health: PluginHealth, surfaces: Surfaces
) -> dict[str, Command]:
    """Those about plugins, and those that plugins have added."""
    return {
        **plugin_commands(archive.tally, plugin_health.now),
        **run_commands(lambda: surfaces.commands, partial(run_command, archive.hooks)),
    }


def make_curation(config: Config, archive: Archive, log: IngestLog) -> Curation:
    """Who decides about what is stored, for plugins too."""
    curation = Curation(
        archive.store,
        config.store.name,
        archive.index,
        now_us=utc_us,
        tell_left=log.not_removed,
    )
    archive.services.decide_by(curation)
    return curation


def make_register(archive: Archive, curation: Curation) -> Register:
    """The index for the way in, whose decisions the state log has first."""
    return RestoringRegister(archive.register, curation, not_logged=tell_repair_not_logged)


def make_ingest(config: Config, archive: Archive, register: Register, log: IngestLog) -> Ingest:
    """The way in, for plugins too; it does not run yet."""
    ingest = Ingest(
        archive.store,
        register,
        store_name=config.store.name,
        taking_in=archive.taking_in,
        now_us=now_us,
        observer=log,
        decide=callers.instance_received(archive.hooks),
        choose=callers.choose_store(archive.hooks, config.store.names),
        min_free_bytes=config.store.min_free_bytes,
        min_free_inodes=config.store.min_free_inodes,
        preamble_policy=PreamblePolicy(config.store.preamble),
    )
    archive.services.take_in(ingest)
    return ingest


def make_finder(config: Config, archive: Archive, reindexing: Reindexing) -> Finder:
    """What answers queries."""
    limits = QueryLimits(config.query.max_results, config.query.budget_s)
    headers = StoredHeaders(archive.store, archive.index)
    return Finder(archive.index, headers, limits, lambda: reindexing.complete)


def make_retriever(config: Config, archive: Archive, log: IngestLog) -> Retriever:
    """What gives out the objects that queries name."""
    limits = QueryLimits(config.query.max_results, config.query.budget_s)
    return Retriever(archive.store, archive.index, limits, log.not_corrected)


def errand_kinds(
    config: Config,
    archive: Archive,
    register: Register,
    ingest: Ingest,
    log: IngestLog,
    *,
    is_in_use: bool,
) -> dict[str, Begin]:
    """The long work that commands may want; `is_in_use`: a daemon uses the archive meanwhile."""

    def check(arguments: Arguments) -> CheckErrand:
        with_digests = arguments.get("with_digests") is True
        return CheckErrand(
            config, archive, register, with_digests=with_digests, is_in_use=is_in_use
        )

    def import_files(arguments: Arguments) -> ImportErrand:
        return ImportErrand(paths_of(arguments), ingest)

    def export(arguments: Arguments) -> ExportErrand:
        store, index = archive.store, archive.index
        finder = Finder(index, StoredHeaders(store, index), EXPORT_LIMITS)
        retriever = Retriever(store, index, EXPORT_LIMITS)
        selection = Selection(finder, retriever, index)
        access = Access(index, tell_not_noted)
        request = request_of(arguments)
        return ExportErrand(request, selection, retriever, access, log.not_corrected)

    return {"check": check, "import": import_files, "export": export}


def _gatekeeper(checked: Checked, ingest: Ingest) -> Gatekeeper:
    dimse = checked.config.dimse
    return Gatekeeper(
        {own.title: ApplicationEntity.of(own, dimse) for own in checked.config.ae},
        checked.peers,
        Places(dimse.max_associations, dimse.reserved_associations),
        dimse.max_associations_per_peer,
        ingest.admits_senders,
    )


def _limits_before_request(config: Config) -> Limits:
    """What holds for a connection as long as nobody has said which AE title is called."""
    return Limits(
        artim_s=config.dimse.artim_timeout_s, pdu_timeout_s=config.dimse.network_timeout_s
    )


def _trace(config: Config) -> Trace | None:
    return Trace(frozenset(config.log.trace)) if config.log.trace else None


def _http(
    config: Config,
    registry: CollectorRegistry,
    parts: WebParts,
    services: Mapping[str, Serve],
    health: Callable[[], Health],
) -> HttpListener | None:
    if config.http.listen is None:
        return None
    return HttpListener(
        config.http.listen,
        registry=registry,
        health=health,
        limits=HttpLimits(max_connections_per_address=config.http.max_connections_per_address),
        services=services,
        takes_relayed=lambda: parts.guard.has_logins,
        ending=parts.changes.end,
    )
