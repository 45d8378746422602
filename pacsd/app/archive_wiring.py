"""The archive put together: the way in, what is found and given out, who deletes."""

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Gauge

from pacsd.app.clock import now_us, utc_us
from pacsd.app.conf.settings import Config
from pacsd.app.extra_tags import Reindexing
from pacsd.app.ingest_log import IngestLog, tell_repair_not_logged
from pacsd.app.metadata_making import MetadataCollector, MetadataMaking, make_metadata
from pacsd.app.opening import Archive
from pacsd.app.plugin_metrics import TranscodingCollector
from pacsd.app.plugins import callers
from pacsd.app.plugins.copy_place import CopyPlace
from pacsd.app.plugins.transcoding import PluginTranscoding
from pacsd.archive.change_feed import ChangeFeed
from pacsd.archive.curation import Curation
from pacsd.archive.finding import Finder, QueryLimits
from pacsd.archive.ingest import Ingest
from pacsd.archive.preamble import PreamblePolicy
from pacsd.archive.precedence import Precedence
from pacsd.archive.register import Register
from pacsd.archive.removal import Removal
from pacsd.archive.restoring import RestoringRegister
from pacsd.archive.retrieval import Retriever
from pacsd.archive.stored_headers import StoredHeaders
from pacsd.index.index import Index


@dataclass(frozen=True, slots=True)
class WayIn:
    """What takes objects in and decides about them; `register` is the index for that."""

    log: IngestLog
    curation: Curation
    register: Register
    ingest: Ingest


def make_way_in(config: Config, archive: Archive) -> WayIn:
    """The way in, for plugins too; it does not run yet."""
    log = IngestLog()
    curation = Curation(
        archive.store,
        config.store.name,
        archive.index,
        now_us=utc_us,
        tell_left=log.not_removed,
    )
    archive.services.decide_by(curation)
    # The state log has first what is decided on the way in.
    register = RestoringRegister(archive.register, curation, not_logged=tell_repair_not_logged)
    ingest = _ingest(config, archive, register, log)
    archive.services.take_in(ingest)
    return WayIn(log, curation, register, ingest)


def _ingest(config: Config, archive: Archive, register: Register, log: IngestLog) -> Ingest:
    """What takes objects in."""
    return Ingest(
        archive.store,
        register,
        store_name=config.store.name,
        taking_in=archive.taking_in,
        precedence=Precedence(config.jobs.forwarded_per_stored),
        now_us=now_us,
        observer=log,
        decide=callers.instance_received(archive.hooks),
        choose=callers.choose_store(archive.hooks, config.store.names),
        min_free_bytes=config.store.min_free_bytes,
        min_free_inodes=config.store.min_free_inodes,
        preamble_policy=PreamblePolicy(config.store.preamble),
    )


def make_finder(config: Config, archive: Archive, reindexing: Reindexing) -> Finder:
    """What answers queries."""
    limits = QueryLimits(config.query.max_results, config.query.budget_s)
    headers = StoredHeaders(archive.store, archive.index)
    return Finder(archive.index, headers, limits, lambda: reindexing.complete)


def make_retriever(config: Config, archive: Archive, log: IngestLog) -> Retriever:
    """What gives out the objects that queries name."""
    limits = QueryLimits(config.query.max_results, config.query.budget_s)
    return Retriever(archive.store, archive.index, limits, log.not_corrected)


def make_removal(archive: Archive, curation: Curation) -> Removal:
    """Who deletes, unless a plugin objects."""
    ask = callers.before_delete(archive.hooks)
    return Removal(archive.index, curation, now_us=utc_us, ask=ask)


def measured_metadata(
    config: Config, archive: Archive, retriever: Retriever, registry: CollectorRegistry
) -> MetadataMaking:
    """What makes metadata ahead; measured."""
    metadata = make_metadata(config, archive, retriever)
    registry.register(MetadataCollector(metadata.ahead.health))
    return metadata


def make_transcoding(
    config: Config, archive: Archive, registry: CollectorRegistry
) -> PluginTranscoding:
    """The codecs of plugins, measured; there may be some after a reload."""
    place = CopyPlace(config.data_dir, config.store.min_free_bytes)
    made = PluginTranscoding(archive.hooks.transcoder, config.transcoding, place)
    registry.register(TranscodingCollector(made.health))
    return made


def make_change_feed(config: Config, index: Index, registry: CollectorRegistry) -> ChangeFeed:
    """Where clients wait for changes, measured."""
    feed = ChangeFeed(index, config.dicomweb.max_change_readers)
    count_change_readers(registry, lambda: feed.readers)
    return feed


def count_change_readers(registry: CollectorRegistry, readers: Callable[[], int]) -> None:
    """Tell Prometheus how many there are."""
    gauge = Gauge("pacsd_change_readers", "Clients that wait for changes now", registry=registry)
    gauge.set_function(readers)
