"""How DICOMweb is put together: who answers what."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry

from pacsd.app.admin.deletion_log import tell_deleted
from pacsd.app.clock import utc_us
from pacsd.app.conf.settings import Config
from pacsd.app.opening import Archive
from pacsd.app.plugins.routes import http_request
from pacsd.app.served_jobs import ServedJobs
from pacsd.app.spool import FolderSpools
from pacsd.archive.access import Access
from pacsd.archive.bulk_data import BulkReader
from pacsd.archive.change_feed import ChangeFeed
from pacsd.archive.file_sets import FileSets
from pacsd.archive.finding import Finder, IndexUnavailable
from pacsd.archive.frame_reading import FrameReader
from pacsd.archive.ingest import Ingest
from pacsd.archive.kept_metadata import KeptMetadata
from pacsd.archive.metadata import MetadataReader
from pacsd.archive.removal import Removal
from pacsd.archive.retrieval import Retriever
from pacsd.index.deletion_records import UniqueKeys
from pacsd.index.errors import IndexFault
from pacsd.index.records import Scope
from pacsd.net.http import Health, HttpListener, Serve
from pacsd.net.http_connection import HttpLimits
from pacsd.net.transcoding import NO_TRANSCODING, Transcoding
from pacsd.net.web import job_operations, plugin_routes
from pacsd.net.web.bulk import BulkDesk
from pacsd.net.web.changes import ChangeDesk
from pacsd.net.web.deleting import DeleteDesk
from pacsd.net.web.describing import DescribingDesk
from pacsd.net.web.desk import AnswersExchange, Terms, WebDesk
from pacsd.net.web.exchange import ROOT
from pacsd.net.web.frames import FrameDesk
from pacsd.net.web.guard import TRUSTING, Guard
from pacsd.net.web.instances import InstanceDesk
from pacsd.net.web.job_desk import JobDesk
from pacsd.net.web.listener_desk import ListenerDesk
from pacsd.net.web.metadata import MetadataDesk
from pacsd.net.web.openapi_beside import paths_beside
from pacsd.net.web.plugin_desk import PluginDesk
from pacsd.net.web.plugin_routes import RouteTable
from pacsd.net.web.resources import WebService
from pacsd.net.web.searching import Searching
from pacsd.net.web.storing import StoreDesk
from pacsd.net.web.trail import Trail
from pacsd.net.web.transcoded_frames import TranscodedFrames
from pacsd.net.web.zipping import ZipDesk


@dataclass(frozen=True, slots=True)
class WebParts:
    """What DICOMweb is put together of, beside the archive itself."""

    ingest: Ingest
    finder: Finder
    retriever: Retriever
    removal: Removal
    access: Access
    metadata: MetadataReader
    kept: KeptMetadata
    changes: ChangeFeed
    guard: Guard = TRUSTING
    routes: Callable[[], RouteTable] = RouteTable
    transcoding: Transcoding = NO_TRANSCODING


def web_services(config: Config, archive: Archive, parts: WebParts) -> Mapping[str, Serve]:
    """What the HTTP listener serves beside its own pages, by path."""
    settings = config.dicomweb
    terms = Terms(
        settings.public_url,
        settings.max_requests,
        settings.cors_origins,
        tuple(each.rule for each in config.web_client),
        settings.max_request_bytes,
        parts.guard,
    )
    doors = ListenerDesk(terms)
    is_open = _is_open(config)
    beside: dict[str, Serve] = {
        plugin_routes.ROOT: PluginDesk(parts.routes, http_request(archive.hooks), doors).answer,
        job_operations.ROOT: JobDesk(ServedJobs(archive.index.jobs), doors, is_open=is_open).answer,
    }
    if not settings.enabled:
        return beside
    return {ROOT: WebDesk(_answers(config, archive, parts), terms).answer, **beside}


def http_listener(
    config: Config,
    registry: CollectorRegistry,
    parts: WebParts,
    services: Mapping[str, Serve],
    health: Callable[[], Health],
) -> HttpListener | None:
    """Who takes HTTP requests, for DICOMweb and its own pages; None when it is off."""
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


def _answers(
    config: Config, archive: Archive, parts: WebParts
) -> Mapping[WebService, AnswersExchange]:
    store, retriever = archive.store, parts.retriever
    is_exact = not config.query.ignore_case
    trail = Trail(parts.access, time.monotonic)
    searching = Searching(
        parts.finder,
        config.dicomweb.max_results,
        names_are_exact=is_exact,
        tells_totals=config.dicomweb.total_count,
        results=parts.guard.results,
    )
    reader = FrameReader(store, parts.kept)
    transcoded = TranscodedFrames(retriever, reader, parts.transcoding)
    frames = FrameDesk(retriever, reader, trail, transcoded)
    bulk = BulkDesk(retriever, BulkReader(store, retriever), frames, trail)
    zips = ZipDesk(retriever, FileSets(archive.index, retriever), trail)
    spools = FolderSpools(
        config.data_dir, config.dicomweb.max_spool_bytes, config.store.min_free_bytes
    )
    storing = StoreDesk(parts.ingest, spools, utc_us, config.dicomweb.max_instance_bytes)
    describing = DescribingDesk(beside=lambda: paths_beside(parts.routes().routes))
    deleting = DeleteDesk(partial(_delete, parts.removal), retriever, is_open=_is_open(config))
    return {
        WebService.SEARCH: searching.answer,
        WebService.INSTANCES: InstanceDesk(retriever, zips, trail, parts.transcoding).answer,
        WebService.METADATA: MetadataDesk(retriever, parts.metadata).answer,
        WebService.FRAMES: frames.answer,
        WebService.BULK_DATA: bulk.answer,
        WebService.STORE: storing.answer,
        WebService.DELETE: deleting.answer,
        WebService.CHANGES: ChangeDesk(parts.changes, parts.finder.seen).answer,
        WebService.OVERVIEW: describing.overview,
        WebService.CAPABILITIES: describing.capabilities,
        WebService.OPENAPI: describing.openapi,
    }


def _is_open(config: Config) -> bool:
    """Who reaches a loopback listener is trusted; beyond it only who has logged in is."""
    return config.http.listen is not None and config.http.listen.is_loopback


async def _delete(
    removal: Removal, study: str, series: str, instance: str, reason: str, actor: str
) -> int:
    """Delete and log it, with the faults of the index as those who know no index understand them.

    Raises:
        RemovalError, StateRecordError, StoreError, IndexUnavailable: it is not deleted.
    """
    keys = UniqueKeys(study, series, instance)
    try:
        count = await removal.delete(Scope(), keys, reason, actor)
    except IndexFault as fault:
        raise IndexUnavailable(str(fault.kind)) from fault
    tell_deleted(keys, count, actor)
    return count
