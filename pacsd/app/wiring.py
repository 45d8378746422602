"""The one place where the rooms are put together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry

from pacsd.app.admin.errands import Errands
from pacsd.app.admin.guest import Guests
from pacsd.app.admin.unix_socket import Command
from pacsd.app.archive_wiring import (
    make_change_feed,
    make_finder,
    make_removal,
    make_retriever,
    make_transcoding,
    make_way_in,
    measured_metadata,
)
from pacsd.app.audit_sink import AuditCollector, AuditSink
from pacsd.app.checking import make_scrub
from pacsd.app.clock import utc_us
from pacsd.app.command_wiring import make_commands, make_errands, make_plugin_commands
from pacsd.app.commit_asking import commit_errand
from pacsd.app.conf.checks import Checked
from pacsd.app.dimse_wiring import make_dimse
from pacsd.app.extra_tags import Reindexing
from pacsd.app.forgetting import make_forgetting
from pacsd.app.guarding import make_guard
from pacsd.app.health_wiring import health_of, make_plugin_health, measure
from pacsd.app.ingest_log import IngestLog, tell_not_noted
from pacsd.app.job_running import JobRunning, make_jobs
from pacsd.app.metadata_making import MetadataMaking
from pacsd.app.opening import Archive
from pacsd.app.plugin_work import make_plugin_work
from pacsd.app.plugins import callers
from pacsd.app.plugins.health import PluginHealth
from pacsd.app.plugins.reloading import Exchange
from pacsd.app.plugins.surfaces import Surfaces
from pacsd.app.plugins.transcoding import PluginTranscoding
from pacsd.app.purging import make_purge
from pacsd.app.web_wiring import WebParts, http_listener, web_services
from pacsd.archive.access import Access
from pacsd.archive.forgetting import Forgetting
from pacsd.archive.ingest import Ingest
from pacsd.archive.purge import Purge
from pacsd.archive.scrub import Scrub
from pacsd.jobs.commitment_keeping import COMMIT
from pacsd.jobs.consumer import Consumer
from pacsd.net.admission import Gatekeeper
from pacsd.net.http import HttpListener
from pacsd.net.kept_associations import KeptAssociations
from pacsd.net.listener import Listener
from pacsd.net.recorder import Recorder
from pacsd.net.web.guard import Guard


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
    transcoding: PluginTranscoding
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
    kept: KeptAssociations
    http: HttpListener | None


def build(checked: Checked, archive: Archive, surfaces: Surfaces | None = None) -> Parts:
    """Put a daemon together; nothing runs yet. `surfaces` are what plugins add."""
    config, store, index = checked.config, archive.store, archive.index
    registry = CollectorRegistry()
    surfaces = surfaces or Surfaces()
    way_in = make_way_in(config, archive)
    scrub = make_scrub(config, store, index)
    purge = make_purge(config, way_in.curation)
    measure(registry, archive, way_in.ingest, scrub, purge)
    plugin_health = make_plugin_health(archive, registry)
    sink = _audit_sink(archive, registry)
    reindexing = Reindexing(store, index, archive.extra_tags)
    retriever = make_retriever(config, archive, way_in.log)
    metadata = measured_metadata(config, archive, retriever, registry)
    transcoding = make_transcoding(config, archive, registry)
    parts = WebParts(
        ingest=way_in.ingest,
        finder=make_finder(config, archive, reindexing),
        retriever=retriever,
        removal=make_removal(archive, way_in.curation),
        access=Access(index, tell_not_noted),
        metadata=metadata.reader,
        kept=metadata.kept,
        changes=make_change_feed(config, index, registry),
        guard=make_guard(archive.hooks, sink),
        routes=lambda: surfaces.routes,
        transcoding=transcoding,
    )
    dimse = make_dimse(checked, archive, parts, registry, sink)
    work = make_plugin_work(config, archive, dimse.route_peers)
    handlers = {**work.handlers, COMMIT: dimse.commitment.commitments.handler}
    jobs = make_jobs(config, index, registry, work.consumers(), handlers, work.gates)
    health = partial(health_of, way_in.ingest, dimse.gatekeeper, archive, plugin_health)
    return Parts(
        ingest=way_in.ingest,
        ingest_log=way_in.log,
        scrub=scrub,
        purge=purge,
        metadata=metadata,
        transcoding=transcoding,
        forgetting=make_forgetting(config, index),
        reindexing=reindexing,
        jobs=jobs,
        errands=make_errands(config, archive, way_in, commit_errand(config, archive, dimse)),
        commands=make_commands(config, archive, way_in.curation, parts.removal, jobs, dimse.sending)
        | make_plugin_commands(archive, plugin_health, surfaces)
        | dict(dimse.guests.commands),
        gatekeeper=dimse.gatekeeper,
        guests=dimse.guests,
        guard=parts.guard,
        exchange=archive.exchange,
        plugin_health=plugin_health,
        surfaces=surfaces,
        consumers=work.consumers,
        recorder=dimse.recorder,
        audit=sink,
        listener=dimse.listener,
        kept=dimse.kept,
        http=http_listener(config, registry, parts, web_services(config, archive, parts), health),
    )


def _audit_sink(archive: Archive, registry: CollectorRegistry) -> AuditSink:
    """Who tells plugins what the audit trail says."""
    sink = AuditSink(callers.audit(archive.hooks), utc_us)
    archive.index.tell_audited(sink.trail_grew)
    registry.register(AuditCollector(sink.health))
    return sink
