"""`pacsd fsck`: the stored files against the index, both ways."""

from dataclasses import asdict
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.errand_progress import progress_bar
from pacsd.app.cli.with_config import ConfigOption
from pacsd.app.cli.with_daemon import DataDirOption, JsonOption, print_json
from pacsd.app.cli.with_errand import Ended, run_errand, tell_failure

if TYPE_CHECKING:
    from pacsd.archive.check_records import CheckProgress, Finding

EXIT_FOUND = 1

Digests = Annotated[
    bool, typer.Option("--digests", help="Read every file, and compare what is in it.")
]

WHAT_TO_DO = {
    "missing": "the file is gone; marked. Send the object again: that repairs it",
    "wrong size": "the file is longer or shorter than it was; marked. Send the object again",
    "damaged": "the data set is not what was stored; marked. Send it again; see to the disk",
    "good again": "was marked, and is what was stored; the mark is gone",
    "indexed": "the index did not know the file; now it does",
    "removed": "the index did not know the file, and the same is stored elsewhere; removed",
    "kept": "the index has no use for the file, but nothing else has its content; it stays",
    "not removed": "purged or given up, but its store does not remove it now: it is tried again",
    "not looked at": "their store is not configured: name it in store.others, and they can be read",
    "unreadable": "no file of ours, or damaged at its beginning; it stays: look at it",
    "version missing": "in quarantine, and its file is gone: pacsd quarantine discard",
    "version damaged": "in quarantine, and not what came: pacsd quarantine discard",
}
"""What a finding means and what is to be done, by its kind."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("fsck")(fsck)


def fsck(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    digests: Digests = False,
    as_json: JsonOption = False,
) -> None:
    """Check the stored files against the index, both ways; while the daemon runs or not."""
    from pacsd.archive.check_records import CheckProgress

    started = perf_counter()
    with progress_bar("checking") as advance:

        def show(progress: CheckProgress) -> None:
            advance(progress.rows, progress.expected_rows or None)

        ended = run_errand(config, data_dir, "check", CheckProgress, show, with_digests=digests)
    if as_json:
        report = None if ended.report is None else asdict(ended.report)
        print_json({"failure": ended.failure or None, "report": report})
    else:
        _tell(ended, perf_counter() - started)
    code = ended.exit_code(EXIT_FOUND if ended.report and ended.report.counts else 0)
    if code:
        raise typer.Exit(code)


def _tell(ended: "Ended[CheckProgress]", seconds: float) -> None:
    """What was found, one by one and by kind, then what was looked at."""
    report = ended.report
    if report is not None:
        for finding in report.findings:
            where = f" in {finding.store}" if finding.store else ""
            typer.echo(f"{finding.kind}: {finding.key}{where}{_of_whom(finding)}")
        left_out = sum(report.counts.values()) - len(report.findings)
        if left_out:
            typer.echo(f"... and {left_out} more")
        for kind, count in sorted(report.counts.items()):
            typer.echo(f"{count} {kind}: {WHAT_TO_DO.get(kind, '')}")
        typer.echo(f"{_looked_at(report)}, in {seconds:.1f} s{_sense(ended)}")
    tell_failure(ended)


def _of_whom(finding: "Finding") -> str:
    if finding.number is None:
        return ""
    word = "version" if finding.kind.startswith("version") else "instance"
    uid, study = finding.sop_instance_uid, finding.study_instance_uid
    return f" ({word} {finding.number}: SOP Instance UID {uid}, of study {study})"


def _looked_at(report: "CheckProgress") -> str:
    read_back = ""
    if report.verified:
        read_back = f", {report.verified} read back ({report.read_bytes / 1e6:.1f} MB)"
    new = f", {report.left_alone} new ones left alone" if report.left_alone else ""
    return f"{report.files} files, {report.rows} in the index, quarantine included{new}{read_back}"


def _sense(ended: "Ended[CheckProgress]") -> str:
    if ended.report is None or ended.report.counts:
        return ""
    return ": nothing found so far" if ended.failure else ": all is well"
