"""`pacsd export`: instances copied into a folder, with a DICOMDIR."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.errand_progress import progress_bar
from pacsd.app.cli.with_config import ConfigOption
from pacsd.app.cli.with_daemon import DataDirOption, JsonOption, print_json, who
from pacsd.app.cli.with_errand import INTERRUPTED, Ended, run_errand, tell_failure

if TYPE_CHECKING:
    from pacsd.app.directory_making import DirectoryReport
    from pacsd.app.export_records import ExportProgress

EXIT_NOT_ALL = 1

Folder = Annotated[
    Path, typer.Argument(help="Empty, or not there yet.", metavar="FOLDER", show_default=False)
]
Studies = Annotated[
    list[str] | None,
    typer.Option("--study", help="A Study Instance UID; again for more.", show_default=False),
]
Patients = Annotated[
    list[str] | None,
    typer.Option("--patient", help="A Patient ID; again for more.", show_default=False),
]
Dates = Annotated[
    str | None,
    typer.Option(
        "--date",
        metavar="YYYYMMDD[-YYYYMMDD]",
        help="A Study Date, or a range of them; 2026-01-31 will do, too.",
        show_default=False,
    ),
]
Everything = Annotated[bool, typer.Option("--all", help="All studies.")]
NoDirectory = Annotated[bool, typer.Option("--no-dicomdir", help="Make no DICOMDIR.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


@dataclass(slots=True)
class _Made:
    """The DICOMDIR, if one was made; `failure` is why it could not be, or ''."""

    report: "DirectoryReport | None" = None
    failure: str = ""


def export(
    folder: Folder,
    study: Studies = None,
    patient: Patients = None,
    date: Dates = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    everything: Everything = False,
    no_dicomdir: NoDirectory = False,
    as_json: JsonOption = False,
) -> None:
    """Copy studies into a folder as DICOM files, with a DICOMDIR and digests.

    Each option narrows: all that is given must fit.
    """
    from pacsd.app.export_folder import MANIFEST
    from pacsd.app.export_records import ExportProgress

    started = perf_counter()
    folder = folder.absolute()
    was_used = os.path.lexists(folder / MANIFEST)
    with progress_bar("exporting") as advance:

        def show(progress: ExportProgress) -> None:
            advance(progress.exported + progress.failed, progress.expected)

        ended = run_errand(
            config,
            data_dir,
            "export",
            ExportProgress,
            show,
            folder=str(folder),
            studies=study or [],
            patients=patient or [],
            date=date or "",
            all=everything,
            actor=who(),
        )
    made = _Made()
    if ended.report and ended.report.exported and (was_used or not _is_there(folder / MANIFEST)):
        made.failure = _elsewhere(folder)
    elif _is_tried(ended) and not no_dicomdir:
        made = _make_directory(folder, ended)
    if as_json:
        _tell_programs(folder, ended, made)
    else:
        _tell(folder, ended, made, perf_counter() - started)
    is_success = ended.report and _is_all_there(ended.report) and not made.failure
    code = ended.exit_code(0 if is_success else EXIT_NOT_ALL)
    if code:
        raise typer.Exit(code)


def _is_there(path: Path) -> bool:
    """Whether it is; if we may not look, nothing says that it is not."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _elsewhere(folder: Path) -> str:
    """What to do about files that were written, but not where we look: /tmp is often another."""
    return (
        f"{folder}: the files are not there: the daemon sees another file system (PrivateTmp= and "
        "the like); remove them where it sees them, and export to another folder"
    )


def _is_tried(ended: "Ended[ExportProgress]") -> bool:
    """Whether everything was tried, and something is there."""
    report = ended.report
    return bool(report and report.exported and not report.gave_up and not ended.failure)


def _make_directory(folder: Path, ended: "Ended[ExportProgress]") -> _Made:
    from pacsd.app.directory_making import make_directory
    from pacsd.dicom.errors import FileSetError

    try:
        with progress_bar("making DICOMDIR") as advance:
            return _Made(make_directory(folder, advance))
    except KeyboardInterrupt:
        ended.failure = INTERRUPTED
    except OSError as error:
        return _Made(failure=f"no DICOMDIR: {error.filename or folder}: {error.strerror}")
    except FileSetError as error:
        return _Made(failure=f"no DICOMDIR: {error}; export less at once, or with --no-dicomdir")
    return _Made(failure="no DICOMDIR")


def _is_all_there(report: "ExportProgress") -> bool:
    """Whether all that was asked for was found, and is in the folder as it should be."""
    is_less = report.failed or report.not_corrected or report.not_found or report.gave_up
    return bool(report.exported) and not is_less


def _is_part(report: "ExportProgress") -> bool:
    """Whether something was not even tried."""
    return report.exported + report.failed < (report.expected or 0)


def _tell_programs(folder: Path, ended: "Ended[ExportProgress]", made: _Made) -> None:
    print_json({
        "failure": ended.failure or made.failure or None,
        "folder": str(folder),
        "report": None if ended.report is None else asdict(ended.report),
        "dicomdir": None if made.report is None else asdict(made.report),
    })  # fmt: skip


def _tell(folder: Path, ended: "Ended[ExportProgress]", made: _Made, seconds: float) -> None:
    report = ended.report
    if report is not None:
        _tell_what_is_missing(report)
        if report.exported:
            of_how_many = f" of about {report.expected}" if _is_part(report) else ""
            megabytes = report.data_set_bytes / 1e6
            typer.echo(
                f"{report.exported}{of_how_many} instances of {report.studies} studies exported, "
                f"{megabytes:.1f} MB in {seconds:.1f} s"
            )
        elif not ended.failure and not report.failed and not report.gave_up:
            typer.echo("nothing to export: no study in the archive fits", err=True)
        if report.exported and _is_part(report):
            typer.echo(f"{folder}: holds a part of it, whole files, without DICOMDIR", err=True)
        if report.gave_up:
            typer.echo(f"given up, the rest was not tried: {report.gave_up}", err=True)
    if made.report is not None:
        _tell_directory(made.report)
    if made.failure:
        typer.echo(made.failure, err=True)
    tell_failure(ended)


def _tell_what_is_missing(report: "ExportProgress") -> None:
    for criterion in report.not_found:
        typer.echo(f"{criterion}: not in the archive", err=True)
    for failed in report.failures:
        typer.echo(f"{failed.sop_instance_uid}: {failed.why}", err=True)
    for each in report.uncorrected:
        names = ", ".join(each.attributes)
        typer.echo(f"{each.sop_instance_uid}: exported without the correction of {names}", err=True)
    for why, count in sorted(report.reasons.items()):
        typer.echo(f"{count} not exported: {why}")
    if report.not_corrected:
        why = "their character sets cannot hold the new value"
        typer.echo(f"{report.not_corrected} exported without a correction: {why}")


def _tell_directory(report: "DirectoryReport") -> None:
    for left_out in report.files_without_record:
        typer.echo(f"{left_out.file}: not in the DICOMDIR: {left_out.why}", err=True)
    unnamed = report.without_record - len(report.files_without_record)
    if unnamed:
        typer.echo(f"... and {unnamed} more not in the DICOMDIR", err=True)
    typer.echo(f"DICOMDIR: {report.records} files")
    if report.made_up:
        counts = ", ".join(f"{count} {name}" for name, count in sorted(report.made_up.items()))
        typer.echo(f"made up in the DICOMDIR, where instances have no value: {counts}")
