"""How DICOMweb is put together: who answers what."""

from collections.abc import Mapping

from pacsd.app.clock import now_us
from pacsd.app.conf.settings import Config
from pacsd.app.opening import Archive
from pacsd.archive.bulk_data import BulkReader
from pacsd.archive.finding import Finder
from pacsd.archive.frame_reading import FrameReader
from pacsd.archive.ingest import Ingest
from pacsd.archive.metadata import MetadataReader
from pacsd.archive.retrieval import Retriever
from pacsd.dicomweb.required_attributes import SEARCHES
from pacsd.dicomweb.targets import Kind
from pacsd.net.http import Serve
from pacsd.net.web.bulk import BulkDesk
from pacsd.net.web.desk import Routes, Terms, WebDesk
from pacsd.net.web.exchange import ROOT
from pacsd.net.web.frames import FrameDesk
from pacsd.net.web.instances import InstanceDesk
from pacsd.net.web.metadata import MetadataDesk
from pacsd.net.web.searching import Searching
from pacsd.net.web.storing import StoreDesk


def web_services(
    config: Config, archive: Archive, ingest: Ingest, finder: Finder, retriever: Retriever
) -> Mapping[str, Serve]:
    """What the HTTP listener serves beside its own pages, by path."""
    settings = config.dicomweb
    if not settings.enabled:
        return {}
    terms = Terms(settings.public_url, settings.max_requests, settings.cors_origins)
    searching = Searching(
        finder, settings.max_results, names_are_exact=not config.query.ignore_case
    )
    return {ROOT: WebDesk(_routes(archive, ingest, searching, retriever), terms).answer}


def _routes(archive: Archive, ingest: Ingest, searching: Searching, retriever: Retriever) -> Routes:
    store = archive.store
    instances = InstanceDesk(retriever)
    metadata = MetadataDesk(retriever, MetadataReader(store, retriever))
    frames = FrameDesk(retriever, FrameReader(store))
    bulk = BulkDesk(retriever, BulkReader(store), frames)
    storing = StoreDesk(ingest, now_us)
    return {
        **{kind: {"GET": searching.answer} for kind in SEARCHES},
        Kind.ALL_STUDIES: {"GET": searching.answer, "POST": storing.answer},
        Kind.STUDY: {"GET": instances.answer, "POST": storing.answer},
        Kind.SERIES: {"GET": instances.answer},
        Kind.INSTANCE: {"GET": instances.answer},
        Kind.STUDY_METADATA: {"GET": metadata.answer},
        Kind.SERIES_METADATA: {"GET": metadata.answer},
        Kind.INSTANCE_METADATA: {"GET": metadata.answer},
        Kind.FRAMES: {"GET": frames.answer},
        Kind.BULKDATA: {"GET": bulk.answer},
    }
