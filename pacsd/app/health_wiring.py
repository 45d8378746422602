"""Whether a daemon does its work, and its plugins theirs: asked, and measured."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry

from pacsd.app.checking import ScrubCollector
from pacsd.app.indexing import IndexCollector
from pacsd.app.ingest_metrics import IngestCollector
from pacsd.app.isolation.home import Home
from pacsd.app.opening import Archive
from pacsd.app.plugin_metrics import HookCollector, PluginHealthCollector, SeriesCollector
from pacsd.app.plugins.health import PluginHealth
from pacsd.app.purging import PurgeCollector
from pacsd.archive.ingest import Ingest
from pacsd.archive.purge import Purge
from pacsd.archive.scrub import Scrub
from pacsd.dicom.text import printable
from pacsd.net.admission import Gatekeeper
from pacsd.net.http import Health

_EXPLANATION_CHARS = 256


def make_plugin_health(archive: Archive, registry: CollectorRegistry) -> PluginHealth:
    """How those plugins do that run at the time; measured, as what they do is."""

    def homes() -> Mapping[str, Home]:
        return {} if archive.exchange is None else archive.exchange.plugins.homes

    plugin_health = PluginHealth(archive.hooks.health, homes)
    registry.register(HookCollector(archive.tally))
    registry.register(PluginHealthCollector(plugin_health.look))
    return plugin_health


def health_of(
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


def measure(
    registry: CollectorRegistry, archive: Archive, ingest: Ingest, scrub: Scrub, purge: Purge
) -> None:
    """Tell Prometheus how the parts do that work all the time, and what plugins count."""
    registry.register(IngestCollector(ingest))
    registry.register(IndexCollector(archive.index.health))
    registry.register(ScrubCollector(scrub.health))
    registry.register(PurgeCollector(purge.health))
    registry.register(SeriesCollector(archive.services.metrics))
