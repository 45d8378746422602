"""What the daemon tells while it runs: its metrics and its log lines, from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry

from contrib.docs.sections import code, table
from pacsd.app.checking import ScrubCollector
from pacsd.app.indexing import IndexCollector
from pacsd.app.ingest_metrics import IngestCollector
from pacsd.archive.ingest import Ingest
from pacsd.archive.scrub import ScrubHealth
from pacsd.index.records import IndexHealth
from pacsd.net.metrics import NetMetrics
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStore

_LEVELS = {"debug", "info", "warning", "error", "exception"}
_NOT_SHOWN = {"exc_info"}


def render_metrics() -> str:
    """Each metric of /metrics by name: its labels, type and meaning."""
    registry = CollectorRegistry()
    NetMetrics(registry)
    ingest = Ingest(MemoryStore(), MemoryRegister(), now_us=lambda: 0)
    registry.register(IngestCollector(ingest))
    registry.register(IndexCollector(lambda: IndexHealth(0, 0, 0, 0, "", "")))
    registry.register(ScrubCollector(lambda: ScrubHealth(0, 0, {}, {})))
    labels = _labels(registry)
    rows = [
        (
            code(_exposed(each.name, each.type)),
            labels.get(each.name, ""),
            each.type,
            f"{each.documentation}.",
        )
        for each in registry.collect()
    ]
    return table(("Metric", "Labels", "Type", "Meaning"), sorted(rows))


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
