"""What an import tells: how far it is, and what became of the files."""

import os
from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from pacsd.archive.instance import IngestOutcome
from pacsd.index.records import Outcome

MAX_REFUSED = 1_000
"""So many files are named that were refused; all are counted."""

MAX_SET_ASIDE = 1_000
"""So many files are named that are in the archive, but not shown; all are counted."""

MAX_REASONS = 100
OTHER_REASONS = "other reasons"

_IN_THE_ARCHIVE = frozenset(Outcome) - {
    Outcome.REFUSED_DELETED,
    Outcome.CONFLICT_FULL,
    Outcome.ASIDE_FULL,
}
_QUARANTINED = frozenset(
    {
        Outcome.CONFLICT,
        Outcome.CONFLICT_KNOWN,
        Outcome.WAITING,
        Outcome.SUSPECT,
        Outcome.ASIDE_KNOWN,
    }
)
_SET_ASIDE = _QUARANTINED | {Outcome.HELD}
_NEW = frozenset({Outcome.STORED, Outcome.REPAIRED, Outcome.RESTORED})


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that was not taken in, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class SetAsideFile:
    """A file that was taken in but is not shown: it `became` held, or another version."""

    path: str
    became: str


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is: `files` of about `expected_files`, None while nobody knows how many.

    `outcomes` counts by what the index decided, `reasons` those refused by why, of which the first
    are `refused_files`; of those taken in but not shown the first are `set_aside_files`. `skipped`
    are no DICOM files. `gave_up` is why it ended too early, or ''.
    """

    expected_files: int | None
    files: int
    skipped: int
    outcomes: dict[str, int]
    refused: int
    reasons: dict[str, int]
    refused_files: tuple[RefusedFile, ...]
    data_set_bytes: int
    gave_up: str
    set_aside_files: tuple[SetAsideFile, ...] = ()

    @property
    def stored(self) -> int:
        """Instances that are newly shown."""
        return self._count(_NEW)

    @property
    def held(self) -> int:
        """Instances that are held."""
        return self._count({Outcome.HELD})

    @property
    def quarantined(self) -> int:
        """Files that are in quarantine now, and those that were before."""
        return self._count(_QUARANTINED)

    def _count(self, outcomes: AbstractSet[Outcome]) -> int:
        return sum(self.outcomes.get(outcome.value, 0) for outcome in outcomes)


@dataclass(slots=True)
class ImportTally:
    """The numbers of an import that runs."""

    expected_files: int | None = None
    skipped: int = 0
    data_set_bytes: int = 0
    gave_up: str = ""
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    refused_files: list[RefusedFile] = field(default_factory=list)
    set_aside_files: list[SetAsideFile] = field(default_factory=list)

    def add(self, path: Path, outcome: IngestOutcome) -> None:
        """Count a file by what became of it."""
        if outcome.became is None or outcome.became not in _IN_THE_ARCHIVE:
            self.refuse(path, outcome.comment)
            return
        self.outcomes[outcome.became] += 1
        self.data_set_bytes += outcome.data_set_bytes
        if outcome.became in _SET_ASIDE and len(self.set_aside_files) < MAX_SET_ASIDE:
            self.set_aside_files.append(SetAsideFile(_text(path), outcome.became.value))

    def refuse(self, path: Path, why: str, reason: str = "") -> None:
        """Count a file that was not taken in; `reason` is `why` without what is of this file."""
        reason = reason or why
        is_one_more = reason not in self.reasons and len(self.reasons) >= MAX_REASONS
        self.reasons[OTHER_REASONS if is_one_more else reason] += 1
        if len(self.refused_files) < MAX_REFUSED:
            self.refused_files.append(RefusedFile(_text(path), why))

    def progress(self) -> ImportProgress:
        """The numbers as they are now."""
        refused = self.reasons.total()
        return ImportProgress(
            expected_files=self.expected_files,
            files=self.skipped + refused + self.outcomes.total(),
            skipped=self.skipped,
            outcomes={outcome.value: count for outcome, count in self.outcomes.items()},
            refused=refused,
            reasons=dict(self.reasons),
            refused_files=tuple(self.refused_files),
            set_aside_files=tuple(self.set_aside_files),
            data_set_bytes=self.data_set_bytes,
            gave_up=self.gave_up,
        )


def _text(path: Path) -> str:
    """JSON can say it, whatever bytes the name has."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
