"""`pacsd quarantine list|held|show|diff|release|discard`: what is kept, but not shown."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import ConfigOption
from pacsd.app.cli.with_daemon import (
    DataDirOption,
    JsonOption,
    ask_daemon,
    believe,
    local_time,
    print_answer,
    print_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pacsd.app.admin.quarantine_records import (
        HeldSummary,
        StoredDetail,
        VersionDetail,
        VersionSummary,
    )
    from pacsd.archive.difference import Comparison

EXIT_NOT_CONFIRMED = 1
WIDTH_IN_A_FILE = 400

NumberArgument = Annotated[
    int, typer.Argument(min=1, help="As `list` says it.", show_default=False)
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]
AfterOption = Annotated[int, typer.Option("--after", min=0, help="From behind this number on.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list")(list_versions)
    group.command("held")(held)
    group.command("show")(show)
    group.command("diff")(diff)
    group.command("release")(release)
    group.command("discard")(discard)
    app.add_typer(group, name="quarantine", help="What is kept, but not shown: decide about it.")


def list_versions(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    limit: LimitOption = 100,
    after: AfterOption = 0,
    as_json: JsonOption = False,
) -> None:
    """List the versions in quarantine: other data sets under a SOP Instance UID that is taken."""
    from pacsd.app.admin.quarantine_records import VersionSummary

    answer = ask_daemon(config, data_dir, "quarantine.list", limit=limit, after=after)
    if as_json:
        print_json(answer)
        return
    versions = believe(list[VersionSummary], answer)
    if versions:
        _print_versions(versions)
    else:
        typer.echo("nothing is in quarantine" if not after else "nothing more", err=True)


def held(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    limit: LimitOption = 100,
    after: AfterOption = 0,
    as_json: JsonOption = False,
) -> None:
    """List the held instances: they name another patient than their study has."""
    from pacsd.app.admin.quarantine_records import HeldSummary

    answer = ask_daemon(config, data_dir, "quarantine.held", limit=limit, after=after)
    if as_json:
        print_json(answer)
        return
    instances = believe(list[HeldSummary], answer)
    if instances:
        _print_held(instances)
    else:
        typer.echo("nothing is held" if not after else "nothing more", err=True)


def show(
    number: NumberArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Print all about one version, values of the patient among them."""
    from pacsd.app.admin.quarantine_records import VersionDetail

    answer = ask_daemon(config, data_dir, "quarantine.show", number=number)
    print_answer(answer, VersionDetail, _describe, as_json=as_json)


def diff(
    number: NumberArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Compare a version with what is stored, element by element; both files are read."""
    from pacsd.archive.difference import Comparison

    answer = ask_daemon(config, data_dir, "quarantine.diff", number=number)
    print_answer(answer, Comparison, _describe_comparison, as_json=as_json)


def release(
    number: NumberArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    yes: YesOption = False,
) -> None:
    """Make a version the instance of its UID; the one that is it now takes its place here."""
    from pacsd.app.admin.quarantine_records import ReleasedAnswer

    _confirm(f"Show version {number} instead of what is stored now?", yes=yes)
    answer = ask_daemon(config, data_dir, "quarantine.release", number=number, actor=_who())
    released = believe(ReleasedAnswer, answer)
    typer.echo(f"version {number} is {released.sop_instance_uid} now, {released.state}")


def discard(
    number: NumberArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    yes: YesOption = False,
) -> None:
    """Give a version up: its file is removed for good."""
    _confirm(f"Remove version {number} and its file for good?", yes=yes)
    ask_daemon(config, data_dir, "quarantine.discard", number=number, actor=_who())
    typer.echo(f"version {number} is gone")


def _confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal; elsewhere nobody can answer, and `--yes` must say it."""
    if yes:
        return
    if not _is_terminal():
        typer.echo(f"{question} Say so with --yes: this is no terminal.", err=True)
        raise typer.Exit(EXIT_NOT_CONFIRMED)
    if not typer.confirm(question):
        raise typer.Exit(EXIT_NOT_CONFIRMED)


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _who() -> str:
    """Who decides: whoever became root by sudo, or whom the system calls us."""
    import getpass
    import os

    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _print_versions(versions: "Sequence[VersionSummary]") -> None:
    rows = (
        (
            str(each.number),
            local_time(each.received_at),
            f"{each.calling_ae} to {each.called_ae}",
            each.peer_address,
            each.sop_class,
            f"{each.size_bytes:,}",
            each.sop_instance_uid,
            each.study_instance_uid,
            each.why,
        )
        for each in versions
    )
    names = "No.", "Received", "From", "Address", "SOP Class", "Bytes"
    _print_table((*names, "SOP Instance UID", "Study Instance UID", "Why"), rows)


def _print_held(instances: "Sequence[HeldSummary]") -> None:
    rows = (
        (
            str(each.number),
            each.sop_instance_uid,
            each.study_instance_uid,
            each.series_instance_uid,
        )
        for each in instances
    )
    names = "No.", "SOP Instance UID", "Study Instance UID", "Series Instance UID"
    _print_table(names, rows)


def _print_table(names: "Sequence[str]", rows: "Iterator[Sequence[str]]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    # A file or a pipe has no width that a line could be too long for.
    width = None if sys.stdout.isatty() else WIDTH_IN_A_FILE
    Console(markup=False, highlight=False, width=width).print(table)


def _describe(detail: "VersionDetail") -> "Iterator[str]":
    version = detail.summary
    yield f"version {version.number}: {version.why}"
    yield f"  received {local_time(version.received_at)}"
    yield f"  {version.calling_ae} to {version.called_ae}, from {version.peer_address}"
    yield f"  {version.sop_class}, {version.transfer_syntax}"
    yield f"  SOP Instance UID {version.sop_instance_uid}"
    yield f"  Study Instance UID {version.study_instance_uid}"
    yield f"  Series Instance UID {version.series_instance_uid}"
    yield f"  patient {_patient(detail)}"
    yield f"  {version.size_bytes:,} bytes in {detail.key}, data set sha256 {detail.sha256}"
    for keyword, value in detail.attributes.items():
        yield f"  {keyword} = {_shown(value)}"
    if detail.stored is not None:
        yield from _describe_stored(detail.stored)


def _describe_stored(stored: "StoredDetail") -> "Iterator[str]":
    yield f"stored under its UID: {stored.state}"
    yield f"  received {local_time(stored.received_at)}"
    yield f"  Study Instance UID {stored.study_instance_uid}"
    yield f"  Series Instance UID {stored.series_instance_uid}"
    yield f"  patient {_patient(stored)}"
    yield f"  {stored.size_bytes:,} bytes in {stored.key}, data set sha256 {stored.sha256}"


def _patient(record: "VersionDetail | StoredDetail") -> str:
    issuer = f", issued by {_shown(record.issuer_of_patient_id)}"
    return _shown(record.patient_id) + (issuer if record.issuer_of_patient_id else "")


def _shown(value: str) -> str:
    """A value that no terminal obeys."""
    return "".join(each if each.isprintable() else "?" for each in value)


def _describe_comparison(found: "Comparison") -> "Iterator[str]":
    for each in found.differences:
        where = f"{each.path}/" if each.path else ""
        yield f"{each.tag} {where}{each.keyword}".rstrip()
        yield f"  - {_value(each.first)}"
        yield f"  + {_value(each.second)}"
    if not found.differences:
        yield "no element differs"
    if found.is_cut:
        yield "... and more"
    for which, fault in (("stored", found.first_fault), ("version", found.second_fault)):
        if fault:
            yield f"the {which} one was read in part only: {fault}"


def _value(value: str | None) -> str:
    return "(not there)" if value is None else value
