"""What `pacsd send` says: failures as they come, then how many instances got which status.

Nothing is kept of single files, so a run of any length takes little memory.
"""

import json
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import typer

from pacsd.app.cli.send_progress import Lines
from pacsd.app.sendable_files import SentFile
from pacsd.dicom.registry import Service, uid_name
from pacsd.dicom.status import Status, StatusCategory, category, describe
from pacsd.net.sending import Outcome

NOT_SENT = "not sent"
MAX_REMARKS = 10
"""Of so many texts that the peer has for what it took the first file is named, once for each."""


@dataclass(slots=True)
class Tally:
    """The numbers of one run. `gave_up` is why it ended before everything was tried.

    Then `not_tried` counts the instances left, in no status; None: nobody knows how many. `remarks`
    is what the peer said of files that it took, each text once, MAX_REMARKS at most.
    """

    statuses: Counter[int | None] = field(default_factory=Counter)
    reencoded: Counter[tuple[str, str]] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
    skipped: int = 0
    not_tried: int | None = 0
    data_set_bytes: int = 0
    seconds: float = 0.0
    gave_up: str = ""

    def add(self, outcome: Outcome, stored_transfer_syntax_uid: str) -> None:
        """Count an instance."""
        self.statuses[outcome.status] += 1
        if not outcome.is_stored:
            return
        self.data_set_bytes += outcome.data_set_bytes
        if outcome.transfer_syntax_uid != stored_transfer_syntax_uid:
            self.reencoded[stored_transfer_syntax_uid, outcome.transfer_syntax_uid] += 1

    def is_first_remark(self, outcome: Outcome) -> bool:
        """Whether a peer says something of what it took that it has not said yet."""
        is_new = bool(outcome.comment) and outcome.comment not in self.remarks
        return outcome.status == Status.SUCCESS and is_new and len(self.remarks) < MAX_REMARKS

    @property
    def sent(self) -> int:
        """Instances that the peer has, with warnings or without."""
        return sum(count for status, count in self.statuses.items() if Outcome(status).is_stored)

    @property
    def warnings(self) -> int:
        """Of these, with warnings."""
        return sum(
            count
            for status, count in self.statuses.items()
            if status is not None and category(status) is StatusCategory.WARNING
        )

    @property
    def failed(self) -> int:
        """Files that were not accepted, not sent, or not even read."""
        return sum(self.statuses.values()) - self.sent

    @property
    def is_success(self) -> bool:
        """Whether there was something to send and all of it was accepted."""
        return bool(self.sent) and not self.failed and not self.gave_up


class Report(ABC):
    """Where it is said to."""

    @abstractmethod
    def failure(self, path: Path, outcome: Outcome) -> None:
        """A file was not accepted, not sent, or not even read."""

    @abstractmethod
    def remark(self, path: Path, outcome: Outcome) -> None:
        """A file was accepted, and the peer has something to say of it."""

    @abstractmethod
    def summary(self, peer: str, tally: Tally) -> None:
        """It is over."""


class ReportForPeople(Report):
    """Failures to standard error, in lines; the summary as a table to standard output."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def failure(self, path: Path, outcome: Outcome) -> None:
        """One line: the file, the status, the reason."""
        status = _words(outcome.status)
        reason = f": {outcome.comment}" if outcome.comment else ""
        self._say(f"{shown(path)}: {status}{reason}")

    def remark(self, path: Path, outcome: Outcome) -> None:
        """One line, as of a failure."""
        self.failure(path, outcome)

    def summary(self, peer: str, tally: Tally) -> None:
        """A row for each status, then the sums."""
        if tally.statuses:
            _print_table(tally)
        not_tried = f", {tally.not_tried} not tried" if tally.not_tried else ""
        skipped = f", {tally.skipped} other files passed over" if tally.skipped else ""
        megabytes = tally.data_set_bytes / 1e6
        pace = f"{megabytes:.1f} MB in {tally.seconds:.1f} s"
        typer.echo(f"{peer}: {tally.sent} sent, {tally.failed} failed{not_tried}{skipped}, {pace}")
        if tally.gave_up:
            count = "the rest" if tally.not_tried is None else str(tally.not_tried)
            self._say(f"given up, not tried and not sent: {count}: {tally.gave_up}")
        elif not tally.statuses:
            self._say("nothing to send: no DICOM file was found")


class ReportForPrograms(Report):
    """One JSON object on standard output; its list of failures is written as they come."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._separator = '{"failures": [\n  '

    def failure(self, path: Path, outcome: Outcome) -> None:
        """One entry of the list."""
        code = None if outcome.status is None else f"{outcome.status:04X}"
        entry = {"path": str(path), "status": code, "comment": outcome.comment}
        self._out.write(f"{self._separator}{json.dumps(entry)}")
        self._separator = ",\n  "

    def remark(self, path: Path, outcome: Outcome) -> None:
        """It stands in the rest of the object: the list is one of failures."""

    def summary(self, peer: str, tally: Tally) -> None:
        """The rest of the object."""
        begun = self._separator if self._separator.startswith("{") else ""
        rest = {
            "peer": peer,
            "sent": tally.sent,
            "warnings": tally.warnings,
            "failed": tally.failed,
            "not_tried": tally.not_tried,
            "skipped": tally.skipped,
            "data_set_bytes": tally.data_set_bytes,
            "seconds": round(tally.seconds, 3),
            "gave_up": tally.gave_up or None,
            "remarks": tally.remarks,
            "statuses": [
                {
                    "status": None if status is None else f"{status:04X}",
                    "meaning": _words(status),
                    "instances": count,
                }
                for status, count in _by_status(tally)
            ],
            "reencoded": [
                {"from": source, "to": target, "instances": count}
                for (source, target), count in sorted(tally.reencoded.items())
            ],
        }
        self._out.write(f"{begun}],\n{json.dumps(rest, indent=2)[2:]}\n")


@dataclass(frozen=True, slots=True)
class Teller:
    """Counts what becomes of each file, and tells of failures."""

    tally: Tally
    report: Report
    bar: Lines

    def sent(self, file: SentFile, outcome: Outcome) -> None:
        """It was sent, or could not be."""
        self._done(file.path, outcome, file.transfer_syntax_uid)

    def skipped(self, path: Path) -> None:  # noqa: ARG002 -- such files are only counted
        """It holds no instance."""
        self.tally.skipped += 1
        self.bar.advance()

    def unreadable(self, path: Path, why: str) -> None:
        """It cannot be read as a DICOM file."""
        self._done(path, Outcome(None, why), "")

    def not_tried(self, files: int) -> None:
        """So many more were not tried."""
        self.tally.not_tried = (self.tally.not_tried or 0) + files
        for _ in range(files):
            self.bar.advance()

    def _done(self, path: Path, outcome: Outcome, stored_transfer_syntax_uid: str) -> None:
        self.tally.add(outcome, stored_transfer_syntax_uid)
        if not outcome.is_stored:
            self.report.failure(path, outcome)
        elif self.tally.is_first_remark(outcome):
            self.tally.remarks.append(outcome.comment)
            self.report.remark(path, outcome)
        self.bar.advance()


def shown(path: Path) -> str:
    """A path in one line, whatever characters are in it."""
    text = str(path)
    return text if text.isprintable() else ascii(text)[1:-1]


def _words(status: int | None) -> str:
    return NOT_SENT if status is None else describe(status, Service.STORAGE)


def _by_status(tally: Tally) -> list[tuple[int | None, int]]:
    """Success first, what was not sent last."""
    return sorted(tally.statuses.items(), key=lambda row: 0x1_0000 if row[0] is None else row[0])


def _print_table(tally: Tally) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Status", no_wrap=True)
    table.add_column("Instances", justify="right")
    for status, count in _by_status(tally):
        table.add_row(_words(status), str(count))
    for (source, target), count in sorted(tally.reencoded.items()):
        table.add_row(f"of these re-encoded: {uid_name(source)} to {uid_name(target)}", str(count))
    width = None if sys.stdout.isatty() else 200
    Console(markup=False, highlight=False, width=width).print(table)
