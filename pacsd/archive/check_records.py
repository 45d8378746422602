"""What a check of a store finds, and what it tells on its way."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

MAX_FINDINGS = 1_000
"""So many are kept one by one; all are counted."""


class FindingKind(StrEnum):
    """What was not as it should be."""

    MISSING = "missing"
    """The file of a copy is not there: the copy is marked."""
    WRONG_SIZE = "wrong size"
    """The file of a copy is longer or shorter than what was stored: the copy is marked."""
    DAMAGED = "damaged"
    """The data set of a copy is not what was stored: the copy is marked."""
    RECOVERED = "good again"
    """A copy that was marked is what was stored: the mark is gone."""
    ADOPTED = "indexed"
    """A file that the index did not know is in it now."""
    REMOVED = "removed"
    """A file that the index did not know was stored twice, and the other one is good; or what it
    holds was purged or given up."""
    KEPT = "kept"
    """A file that the index did not know and has no use for, but nothing else has its content."""
    STUCK = "not removed"
    """A file of what was purged or given up; its store does not remove it now."""
    UNREADABLE = "unreadable"
    """A file that the index did not know, and that is no DICOM file of ours."""
    PASSED_OVER = "not looked at"
    """Files of a store that is not configured: they cannot be read, and are not lost."""
    VERSION_MISSING = "version missing"
    """The file of a version in quarantine is not there."""
    VERSION_DAMAGED = "version damaged"
    """The file of a version in quarantine is not what was stored."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One file that was not as it should be. `number` is ours, of the instance or the version.

    The UIDs say what has to be sent again; '' where nobody knows. `store` is that of the file.
    """

    kind: FindingKind
    key: str
    number: int | None
    sop_instance_uid: str = ""
    study_instance_uid: str = ""
    store: str = ""


@dataclass(frozen=True, slots=True)
class CheckProgress:
    """How far a check is: `rows` of about `expected_rows` files that the index names.

    `files` were there, `verified` read back and found good, `left_alone` came while the check ran.
    `findings` are the first ones, `counts` counts all.
    """

    expected_rows: int
    rows: int
    files: int
    verified: int
    read_bytes: int
    left_alone: int
    counts: dict[str, int]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class CheckTally:
    """The numbers of a check that runs."""

    expected_rows: int = 0
    rows: int = 0
    files: int = 0
    verified: int = 0
    read_bytes: int = 0
    left_alone: int = 0
    counts: Counter[FindingKind] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it if it is one of the first."""
        self.counts[finding.kind] += 1
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding)

    def progress(self) -> CheckProgress:
        """The numbers as they are now."""
        return CheckProgress(
            expected_rows=self.expected_rows,
            rows=self.rows,
            files=self.files,
            verified=self.verified,
            read_bytes=self.read_bytes,
            left_alone=self.left_alone,
            counts={kind.value: count for kind, count in self.counts.items()},
            findings=tuple(self.findings),
        )
