"""`pacsd import`: files copied into the archive."""

from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.errand_progress import progress_bar
from pacsd.app.cli.with_config import ConfigOption
from pacsd.app.cli.with_daemon import DataDirOption, JsonOption, print_json
from pacsd.app.cli.with_errand import Ended, run_errand, tell_failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pacsd.app.import_records import ImportProgress

EXIT_NOT_ALL = 1

# They are in the archive, but somebody has to decide.
_SET_ASIDE = {
    "held": "not shown, another patient than their study has",
    "conflict": "in quarantine, other content than the instance has that is shown",
    "conflict known": "in quarantine since before, as conflict",
}
_NOT_SHOWN_AS_GIVEN = {"conflict", "conflict known"}

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATHS...",
        help="Files, folders with all that is in them, DICOMDIRs with what they refer to.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_files)


def import_files(
    paths: Paths,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Copy DICOM files into the archive as if they were sent; the originals stay as they are."""
    from pacsd.app.import_records import ImportProgress

    started = perf_counter()
    named = [str(path.absolute()) for path in paths]
    with progress_bar("importing") as advance:

        def show(progress: ImportProgress) -> None:
            advance(progress.files, progress.expected_files)

        ended = run_errand(
            config, data_dir, "import", ImportProgress, show, makes_archive=True, paths=named
        )
    if as_json:
        report = None if ended.report is None else asdict(ended.report)
        print_json({"failure": ended.failure or None, "report": report})
    else:
        _tell(ended, perf_counter() - started)
    code = ended.exit_code(0 if ended.report and _is_all_there(ended.report) else EXIT_NOT_ALL)
    if code:
        raise typer.Exit(code)


def _is_all_there(report: "ImportProgress") -> bool:
    """Whether there was something, and all of it is in the archive as what it says it is."""
    is_aside = any(report.outcomes.get(outcome) for outcome in _NOT_SHOWN_AS_GIVEN)
    return bool(report.outcomes) and not (report.refused or report.gave_up or is_aside)


def _tell(ended: "Ended[ImportProgress]", seconds: float) -> None:
    """Which files were refused or are not shown, and how many became what."""
    report = ended.report
    if report is not None:
        _name((file.path, file.why) for file in report.refused_files)
        _count_unnamed(report.refused - len(report.refused_files), "refused")
        aside = ((file.path, _SET_ASIDE.get(file.became, "")) for file in report.set_aside_files)
        _name(aside)
        unnamed = report.held + report.quarantined - len(report.set_aside_files)
        _count_unnamed(unnamed, "not shown")
        for outcome, count in sorted(report.outcomes.items()):
            meaning = f": {_SET_ASIDE[outcome]}" if outcome in _SET_ASIDE else ""
            typer.echo(f"{count} {outcome}{meaning}")
        for why, count in sorted(report.reasons.items()):
            typer.echo(f"{count} refused: {why}")
        skipped = f", {report.skipped} of them no DICOM" if report.skipped else ""
        megabytes = report.data_set_bytes / 1e6
        typer.echo(f"{report.files} files{skipped}, {megabytes:.1f} MB in {seconds:.1f} s")
        if report.gave_up:
            typer.echo(f"given up, the rest was not tried: {report.gave_up}", err=True)
        elif not report.outcomes and not report.refused and not ended.failure:
            typer.echo("nothing to import: no DICOM file was found", err=True)
    tell_failure(ended)


def _name(files: "Iterable[tuple[str, str]]") -> None:
    from pacsd.app.cli.send_report import shown

    for path, what in files:
        typer.echo(f"{shown(Path(path))}: {what}", err=True)


def _count_unnamed(count: int, word: str) -> None:
    if count > 0:
        typer.echo(f"... and {count} more {word}", err=True)
