"""What the daemon tells while it runs: its metrics and its log lines, from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from contrib.docs.sections import code, table
from pacsd.api.dispatch.tally import Tally
from pacsd.api.health import Health
from pacsd.app.archive_wiring import count_change_readers
from pacsd.app.audit_sink import AuditCollector, AuditHealth
from pacsd.app.checking import ScrubCollector
from pacsd.app.commitment_wiring import CommitmentCounts
from pacsd.app.indexing import IndexCollector
from pacsd.app.ingest_metrics import IngestCollector
from pacsd.app.isolation.series import Series
from pacsd.app.job_metrics import JobCollector
from pacsd.app.metadata_making import MetadataCollector
from pacsd.app.plugin_metrics import (
    HookCollector,
    PluginHealthCollector,
    SeriesCollector,
    TranscodingCollector,
)
from pacsd.app.plugins.transcoding import TranscodingHealth
from pacsd.app.purging import PurgeCollector
from pacsd.app.target_metrics import TargetCollector
from pacsd.archive.examination import LOOKED_FOR
from pacsd.archive.ingest import Ingest
from pacsd.archive.metadata_ahead import AheadHealth
from pacsd.archive.purge import PurgeHealth
from pacsd.archive.scrub import ScrubHealth
from pacsd.dicom.quirks import QuirkKind
from pacsd.index.covering_deliveries import QUEUE
from pacsd.index.job_records import JobCount, JobState
from pacsd.index.records import IndexHealth
from pacsd.jobs.consumer import ConsumerHealth
from pacsd.jobs.target_gates import TargetGates
from pacsd.net.http_refusals import HttpRefusals
from pacsd.net.metrics import NetMetrics
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStore

QUIRKS = {
    QuirkKind.OTHER_VR_ENCODING: "Explicit VR in a transfer syntax of Implicit VR, or the reverse",
    QuirkKind.UNKNOWN_VR: "a VR that the standard does not have",
    QuirkKind.NO_VR: "other than letters where the VR belongs",
    QuirkKind.ODD_LENGTH: "a value of odd length",
    QuirkKind.OUT_OF_ORDER: "an element behind one with a higher tag",
    QuirkKind.DUPLICATE: "an element that is there twice",
    QuirkKind.STRAY_DELIMITER: "an item or a delimiter where none can be",
    QuirkKind.MISSING_DELIMITER: "an item of undefined length without its end",
    QuirkKind.DELIMITER_LENGTH: "a delimiter whose length is not 0",
    QuirkKind.TRUNCATED: "the data set ends within Pixel Data, or an element before it",
    QuirkKind.TRAILING_BYTES: "bytes behind the last element that are none",
    QuirkKind.ZLIB_HEADER: "deflated, with a header of zlib around it",
    QuirkKind.UID_COMPONENT: (
        "SOP, Study or Series Instance UID with leading zeros, or with two dots in a row or one at "
        "an end"
    ),
}
"""Kind of quirk that is counted -> what it is."""

_LEVELS = {"debug", "info", "warning", "error", "exception"}
_NOT_SHOWN = {"exc_info"}
_OF_BUCKETS = "le"


def render_metrics() -> str:
    """Each metric of /metrics by name: its labels, type and meaning."""
    registry = CollectorRegistry()
    NetMetrics(registry)
    HttpRefusals(registry)
    ingest = Ingest(MemoryStore(), MemoryRegister(), now_us=lambda: 0)
    registry.register(IngestCollector(ingest))
    registry.register(IndexCollector(lambda: IndexHealth(0, 0, 0, 0, "", "")))
    registry.register(ScrubCollector(lambda: ScrubHealth(0, 0, {}, {})))
    registry.register(PurgeCollector(lambda: PurgeHealth(0)))
    registry.register(MetadataCollector(lambda: AheadHealth(0, 0, 0)))
    count = JobCount("route", JobState.WAITING, 0)
    registry.register(
        JobCollector(lambda: [count], lambda: [ConsumerHealth("route")], now_us=lambda: 0)
    )
    tally = Tally()
    tally.count_of("pacsd_hook", "plugin")
    waiting = JobCount(f"{QUEUE}tape", JobState.WAITING, 0)
    registry.register(TargetCollector(lambda: [waiting], TargetGates()))
    registry.register(HookCollector(tally))
    registry.register(SeriesCollector({"plugin": Series()}))
    registry.register(AuditCollector(lambda: AuditHealth(0, 0)))
    registry.register(PluginHealthCollector(lambda: {"plugin": Health(is_well=True)}))
    registry.register(TranscodingCollector(lambda: TranscodingHealth(0, 0, 0)))
    count_change_readers(registry, lambda: 0)
    CommitmentCounts(registry)
    labels = _labels(registry)
    rows = [
        (
            code(_exposed(each.name, each.type)),
            labels.get(each.name) or _sampled_labels(each),
            each.type,
            f"{each.documentation}.",
        )
        for each in registry.collect()
    ]
    return table(("Metric", "Labels", "Type", "Meaning"), sorted(rows))


def render_quirks() -> str:
    """Each kind that `pacsd_quirks_total` counts."""
    return table(("kind", "Meaning"), [(code(kind), QUIRKS[kind]) for kind in LOOKED_FOR])


def render_log_events(root: Path) -> str:
    """Each line the daemon and its plugins may write, by its event."""
    rows = {
        (code(event), level, ", ".join(map(code, fields)), f"[{source}](../../{source})")
        for source, event, level, fields in _events(root)
    }
    return table(("Event", "Level", "Fields", "Written by"), sorted(rows))


def _exposed(name: str, kind: str) -> str:
    return f"{name}_total" if kind == "counter" else name


def _labels(registry: CollectorRegistry) -> dict[str, str]:
    """The label names of each metric that has any; the registry itself does not tell them."""
    collectors = (vars(each) for each in registry._collector_to_names)  # noqa: SLF001
    named = ((each.get("_name"), each.get("_labelnames", ())) for each in collectors)
    return {str(name): ", ".join(labels) for name, labels in named if labels}


def _sampled_labels(family: Metric) -> str:
    """The label names of a metric that is made when it is scraped."""
    names = dict.fromkeys(name for sample in family.samples for name in sample.labels)
    return ", ".join(name for name in names if name != _OF_BUCKETS)


def _events(root: Path) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    for folder in ("pacsd", "plugins"):
        for path in sorted((root / folder).rglob("*.py")):
            if "tests" in path.parts or path.name == "trace.py":
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for call in ast.walk(tree):
                found = _event(call)
                if found is not None:
                    yield (path.relative_to(root).as_posix(), *found)


def _event(call: ast.AST) -> tuple[str, str, tuple[str, ...]] | None:
    """Event, level and fields, if this is a call of a logger."""
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args):
        return None
    logger, event = ast.unparse(call.func.value), call.args[0]
    is_log_call = logger.endswith(("_log", "logger")) and call.func.attr in _LEVELS
    if not (is_log_call and isinstance(event, ast.Constant)):
        return None
    fields = [word.arg for word in call.keywords if word.arg and word.arg not in _NOT_SHOWN]
    level = "error" if call.func.attr == "exception" else call.func.attr
    return str(event.value), level, tuple(fields)
