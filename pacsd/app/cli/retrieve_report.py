"""What `pacsd move` and `pacsd get` say: what failed, then how many objects are where."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import typer

from pacsd.app.cli.errand_progress import Advance
from pacsd.app.file_receiving import Received
from pacsd.app.retrieving import Ended, Told
from pacsd.dicom.status import StatusCategory, category, describe
from pacsd.dicom.text import printable
from pacsd.net.query_retrieve_scu import Progress


@dataclass(slots=True)
class Tally:
    """One retrieval: its last response, how it ended, and why it did not if it gave up.

    `received` counts files, where it is we who get them; `unwritten` are those that failed.
    """

    operation: str
    last: Progress | None = None
    ended: Ended | None = None
    received: Received | None = None
    unwritten: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    gave_up: str = ""

    @property
    def came(self) -> int | None:
        """Objects that are where they should be; None if the peer does not say."""
        if self.received is not None:
            return self.received.files + self.received.there
        if self.last is None or self.last.completed_count is None:
            return None
        return self.last.completed_count + (self.last.warning_count or 0)

    @property
    def failed_uids(self) -> list[str]:
        """What the peer says that failed, without what we could not write."""
        ours = {uid for uid, _ in self.unwritten}
        told = () if self.ended is None else self.ended.failed_uids
        return [uid for uid in map(printable, told) if uid not in ours]

    @property
    def is_success(self) -> bool:
        """Whether there was something, and nothing of it failed."""
        is_good = self.ended is not None and self.ended.is_success and not self.gave_up
        return is_good and not self.unwritten and self.came != 0

    def not_written(self, uid: str, why: str) -> None:
        """An object could not be written."""
        self.unwritten.append((uid, why))


def report_for_people(peer: str, tally: Tally, where: str) -> None:
    """The sums to standard output, what failed to standard error."""
    for uid, why in tally.unwritten:
        typer.echo(f"{uid}: {why}", err=True)
    for uid in tally.failed_uids:
        typer.echo(f"{uid}: failed", err=True)
    typer.echo(f"{peer}: {', '.join(_sums(tally, where))}, {tally.seconds:.1f} s")
    why = tally.gave_up or _why(tally)
    if why:
        typer.echo(f"{peer}: {why}", err=True)


def report_for_programs(peer: str, tally: Tally) -> None:
    """One JSON object on standard output."""
    last, received = tally.last, tally.received
    status = None if tally.ended is None else tally.ended.final.status
    said: dict[str, object] = {
        "peer": peer,
        "status": None if status is None else f"{status:04X}",
        "meaning": None if status is None else describe(status, tally.operation),
        "comment": "" if last is None else last.comment,
        "completed": last and last.completed_count,
        "warnings": last and last.warning_count,
        "failed": last and last.failed_count,
        "remaining": last and last.remaining_count,
        "failed_uids": tally.failed_uids,
        "seconds": round(tally.seconds, 3),
        "gave_up": tally.gave_up or None,
    }
    if received is not None:
        said["files"] = received.files
        said["already_there"] = received.there
        said["data_set_bytes"] = received.data_set_bytes
        said["not_written"] = [{"uid": uid, "why": why} for uid, why in tally.unwritten]
    typer.echo(json.dumps(said, indent=2))


def teller(tally: Tally, advance: Advance) -> Told:
    """What counts each response, and moves a progress bar."""

    def told(progress: Progress) -> None:
        tally.last = progress
        counts = progress.completed_count, progress.failed_count, progress.warning_count
        done, remaining = sum(each or 0 for each in counts), progress.remaining_count
        advance(done, None if remaining is None else done + remaining)

    return told


def _sums(tally: Tally, where: str) -> Iterator[str]:
    last, received = tally.last, tally.received
    if tally.came is None and last and category(last.status) is StatusCategory.FAILURE:
        yield f"not {where}"
        return
    came = "an untold number" if tally.came is None else str(tally.came)
    yield f"{came} {where}"
    failed = (last.failed_count if last else None) or len(tally.failed_uids)
    yield f"{max(failed, len(tally.unwritten))} failed"
    if last is not None and last.warning_count:
        yield f"{last.warning_count} with warnings"
    if last is not None and last.remaining_count:
        yield f"{last.remaining_count} not tried"
    if received is not None:
        if received.there:
            yield f"{received.there} of them were there before"
        yield f"{received.data_set_bytes / 1e6:.1f} MB"


def _why(tally: Tally) -> str:
    """What the peer says, if that is not success; or that there was nothing."""
    if tally.ended is None:
        return ""
    final = tally.ended.final
    if category(final.status) is not StatusCategory.SUCCESS:
        comment = f": {final.comment}" if final.comment else ""
        return f"C-{tally.operation.upper()}: {describe(final.status, tally.operation)}{comment}"
    return "nothing of this is there" if tally.came == 0 and not final.failed_count else ""
