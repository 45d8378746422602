"""What an export tells: how far it is, and what could not be exported."""

from collections import Counter
from dataclasses import dataclass, field

from pacsd.app.import_records import MAX_REASONS, OTHER_REASONS

MAX_FAILED = 1_000
"""So many instances are named that could not be exported; all are counted."""


@dataclass(frozen=True, slots=True)
class FailedInstance:
    """An instance that is in the archive, but not in the folder, and why."""

    sop_instance_uid: str
    why: str


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How far an export is: `exported` of about `expected`, None before anything was looked up.

    `not_found` are criteria that nothing in the archive fulfils; `reasons` counts by why what could
    not be exported, of which the first are `failures`. `gave_up` is why it ended too early, or ''.
    """

    expected: int | None
    studies: int
    exported: int
    data_set_bytes: int
    failed: int
    reasons: dict[str, int]
    failures: tuple[FailedInstance, ...]
    not_found: tuple[str, ...]
    gave_up: str


@dataclass(slots=True)
class ExportTally:
    """The numbers of an export that runs."""

    expected: int | None = None
    studies: int = 0
    exported: int = 0
    data_set_bytes: int = 0
    gave_up: str = ""
    not_found: tuple[str, ...] = ()
    reasons: Counter[str] = field(default_factory=Counter)
    failures: list[FailedInstance] = field(default_factory=list)

    def add(self, data_set_bytes: int) -> None:
        """Count an instance that is in the folder."""
        self.exported += 1
        self.data_set_bytes += data_set_bytes

    def fail(self, sop_instance_uid: str, why: str) -> None:
        """Count an instance that could not be exported."""
        is_one_more = why not in self.reasons and len(self.reasons) >= MAX_REASONS
        self.reasons[OTHER_REASONS if is_one_more else why] += 1
        if len(self.failures) < MAX_FAILED:
            self.failures.append(FailedInstance(sop_instance_uid, why))

    def progress(self) -> ExportProgress:
        """The numbers as they are now."""
        return ExportProgress(
            expected=self.expected,
            studies=self.studies,
            exported=self.exported,
            data_set_bytes=self.data_set_bytes,
            failed=self.reasons.total(),
            reasons=dict(self.reasons),
            failures=tuple(self.failures),
            not_found=self.not_found,
            gave_up=self.gave_up,
        )
