"""A Host for unit tests: what a plugin logs is kept, and time passes when a test says so."""

from dataclasses import dataclass, field
from pathlib import Path

from pacsd.api.plugin import Host
from pacsd.app.isolation.series import Series
from pacsd.testing.memory_instances import MemoryInstances
from pacsd.testing.memory_keeping import (
    MemoryAudit,
    MemoryJobs,
    MemoryKeys,
    MemoryLabels,
    MemoryValues,
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that was logged."""

    level: str
    event: str
    fields: dict[str, object]


class RecordingLogger:
    """A Logger that keeps its `lines`."""

    def __init__(self) -> None:
        self.lines: list[LogLine] = []

    def debug(self, event: str, /, **fields: object) -> None:
        """Keep it."""
        self._keep("debug", event, fields)

    def info(self, event: str, /, **fields: object) -> None:
        """Keep it."""
        self._keep("info", event, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        """Keep it."""
        self._keep("warning", event, fields)

    def error(self, event: str, /, **fields: object) -> None:
        """Keep it."""
        self._keep("error", event, fields)

    def exception(self, event: str, /, **fields: object) -> None:
        """Keep it."""
        self._keep("exception", event, fields)

    def _keep(self, level: str, event: str, fields: dict[str, object]) -> None:
        self.lines.append(LogLine(level, event, fields))


class ManualClock:
    """Seconds that pass only when a test says so; call it for the time."""

    def __init__(self, now: float = 0.0) -> None:
        self._now = now

    def __call__(self) -> float:
        """The time now."""
        return self._now

    def now_us(self) -> int:
        """The same in microseconds, as `Host.clock` tells it."""
        return round(self._now * 1_000_000)

    def advance(self, seconds: float) -> None:
        """Let time pass; it never goes back."""
        if seconds < 0:
            raise ValueError(f"{seconds} seconds: a clock does not go back")
        self._now += seconds


@dataclass(frozen=True, slots=True)
class FakeHost(Host):
    """A Host whose logger keeps what it is told, with a clock to give to what tells time.

    What it keeps and reads is in memory.
    """

    logger: RecordingLogger = field(default_factory=RecordingLogger)
    clock: ManualClock = field(default_factory=ManualClock)
    values: MemoryValues = field(default_factory=MemoryValues)
    jobs: MemoryJobs = field(default_factory=MemoryJobs)
    instances: MemoryInstances = field(default_factory=MemoryInstances)
    labels: MemoryLabels = field(default_factory=MemoryLabels)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    keys: MemoryKeys = field(default_factory=MemoryKeys)
    metrics: Series = field(default_factory=Series)


def fake_host(data_dir: Path, name: str = "plugin_under_test") -> FakeHost:
    """A Host of this name; `data_dir` is as a rule pytest's `tmp_path`."""
    return FakeHost(name, data_dir)
