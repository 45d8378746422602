"""What an export tells: how far it is, and what could not be exported."""

from collections import Counter
from dataclasses import dataclass, field

from pacsd.app.import_records import MAX_REASONS, OTHER_REASONS

MAX_FAILED = 1_000
"""So many instances are named that could not be exported, or not so; all are counted."""


@dataclass(frozen=True, slots=True)
class FailedInstance:
    """An instance that is in the archive, but not in the folder, and why."""

    sop_instance_uid: str
    why: str


@dataclass(frozen=True, slots=True)
class UncorrectedInstance:
    """An instance that is in the folder, but without the corrections of these attributes."""

    sop_instance_uid: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How far an export is: `exported` of about `expected`, None before anything was looked up.

    `not_found` are criteria that nothing in the archive fulfils; `reasons` counts by why what could
    not be exported, of which the first are `failures`. Of the exported ones so many are
    `not_corrected` in all that they should be, of which the first are `uncorrected`. `gave_up` is
    why it ended too early, or ''.
    """

    expected: int | None
    studies: int
    exported: int
    data_set_bytes: int
    failed: int
    reasons: dict[str, int]
    failures: tuple[FailedInstance, ...]
    not_corrected: int
    uncorrected: tuple[UncorrectedInstance, ...]
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
    not_corrected: int = 0
    uncorrected: list[UncorrectedInstance] = field(default_factory=list)

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

    def leave_uncorrected(self, sop_instance_uid: str, attributes: tuple[str, ...]) -> None:
        """Count an instance that is in the folder without some of what was corrected of it."""
        self.not_corrected += 1
        if len(self.uncorrected) < MAX_FAILED:
            self.uncorrected.append(UncorrectedInstance(sop_instance_uid, attributes))

    @property
    def outcome(self) -> str:
        """How it ended, for the audit trail."""
        is_whole = not (self.reasons or self.not_corrected or self.gave_up)
        return "done" if is_whole and self.exported == self.expected else "done in part"

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
            not_corrected=self.not_corrected,
            uncorrected=tuple(self.uncorrected),
            not_found=self.not_found,
            gave_up=self.gave_up,
        )
