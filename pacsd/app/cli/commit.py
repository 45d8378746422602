"""`pacsd commit`: whether a peer keeps a study of ours safely."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import ConfigOption
from pacsd.app.cli.with_daemon import DataDirOption, JsonOption, print_json
from pacsd.app.cli.with_errand import run_errand, tell_failure
from pacsd.app.cli.with_peer import PeerArgument

if TYPE_CHECKING:
    from pacsd.app.commit_records import CommitProgress

EXIT_NOT_ALL = 1

StudyArgument = Annotated[
    str, typer.Argument(metavar="STUDY_UID", help="Study Instance UID.", show_default=False)
]
WaitOption = Annotated[
    int, typer.Option("--wait", min=1, max=3_600, help="Seconds to wait for the result.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("commit")(commit)


def commit(
    peer: PeerArgument,
    study_uid: StudyArgument,
    wait: WaitOption = 60,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Ask a peer, by storage commitment, whether it keeps all instances of a study safely.

    The running daemon asks: the peer may call it with the result.
    """
    from pacsd.app.commit_records import CommitProgress

    ended = run_errand(
        config,
        data_dir,
        "commit",
        CommitProgress,
        lambda _: None,
        needs_daemon=True,
        peer=peer,
        study_instance_uid=study_uid,
        wait_s=wait,
    )
    if as_json:
        report = None if ended.report is None else asdict(ended.report)
        print_json({"failure": ended.failure or None, "report": report})
    else:
        if ended.report is not None and not ended.failure:
            _tell(ended.report)
        tell_failure(ended)
    is_all = ended.report is not None and ended.report.committed == ended.report.instances
    code = ended.exit_code(0 if is_all else EXIT_NOT_ALL)
    if code:
        raise typer.Exit(code)


def _tell(report: "CommitProgress") -> None:
    """Which instances it does not keep, or says nothing of, and how many of each."""
    from pacsd.dicom.text import printable

    for each in report.named:
        word = "not committed" if each.is_failed else "unknown"
        typer.echo(f"{each.sop_instance_uid}: {word}: {printable(each.why, 256)}", err=True)
    unnamed = report.failed + report.unknown - len(report.named)
    if unnamed:
        typer.echo(f"... and {unnamed} more", err=True)
    typer.echo(
        f"{report.peer}: {report.committed} of {report.instances} instances committed, "
        f"{report.failed} not, {report.unknown} unknown"
    )
