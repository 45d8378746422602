"""Metadata of a daemon: who makes it, keeps it, and makes it before it is asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import anyio
import structlog
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from pacsd.app.conf.settings import Config
from pacsd.app.opening import Archive
from pacsd.archive.kept_metadata import KeptMetadata
from pacsd.archive.metadata import MetadataReader
from pacsd.archive.metadata_ahead import AheadHealth, MetadataAhead
from pacsd.archive.metadata_maker import MetadataMaker
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Retriever

_log = structlog.get_logger("pacsd.store")


@dataclass(frozen=True, slots=True)
class MetadataMaking:
    """What works behind the metadata that `reader` gives out."""

    reader: MetadataReader
    kept: KeptMetadata
    ahead: MetadataAhead
    is_ahead: bool

    async def run(self) -> None:
        """Keep what was made and, by the settings, make what is new, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.kept.run, name="kept metadata")
            if self.is_ahead:
                tasks.start_soon(self.ahead.run, name="metadata ahead")


def tell_not_made(instance: Retrievable, why: Exception) -> None:
    """Name an instance without metadata in the log; what is no fault of its file is a defect."""
    text = str(why) if isinstance(why, OSError) else type(why).__name__
    _log.warning(
        "DICOMweb metadata cannot be made",
        sop_instance_uid=instance.sop_instance_uid,
        explanation=text,
    )


def make_metadata(config: Config, archive: Archive, retriever: Retriever) -> MetadataMaking:
    """The metadata of a daemon; nothing runs yet."""
    settings = config.dicomweb
    kept = KeptMetadata(archive.index)
    reader = MetadataReader(MetadataMaker(archive.store, retriever), kept)
    return MetadataMaking(
        reader=reader,
        kept=kept,
        ahead=MetadataAhead(archive.index, retriever, reader, not_made=tell_not_made),
        is_ahead=settings.enabled and settings.metadata_ahead,
    )


class MetadataCollector(Collector):
    """Metadata made ahead, as Prometheus sees it."""

    def __init__(self, health: Callable[[], AheadHealth]) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Read the counters now."""
        health = self._health()
        yield CounterMetricFamily(
            "pacsd_metadata_made_ahead",
            "Instances whose DICOMweb metadata was made before anybody asked for it",
            health.made,
        )
        yield CounterMetricFamily(
            "pacsd_metadata_not_made_ahead",
            "Instances of which no DICOMweb metadata could be made ahead",
            health.failed,
        )
