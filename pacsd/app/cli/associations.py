"""`pacsd associations list|show|abort`: the flight recorder of the running daemon."""

import sys
import time
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

    from pacsd.app.admin.records import AssociationDetail, AssociationSummary, ContextDetail
    from pacsd.net.recorder import CommandRecord

WIDTH_IN_A_FILE = 200

NumberArgument = Annotated[
    int, typer.Argument(min=1, help="As `list` says it.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list")(list_associations)
    group.command("show")(show)
    group.command("abort")(abort)
    app.add_typer(group, name="associations", help="Who is associated, and who was.")


def list_associations(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    ended: Annotated[bool, typer.Option("--ended", help="The last ended ones too.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=10_000, help="Of the ended ones.")
    ] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the open associations, the oldest first."""
    from pacsd.app.admin.records import AssociationSummary

    answer = ask_daemon(config, data_dir, "associations.list", ended=limit if ended else 0)
    if as_json:
        print_json(answer)
        return
    associations = believe(list[AssociationSummary], answer)
    if associations:
        _print_table(associations)
    else:
        typer.echo("no association is open" if not ended else "there was no association", err=True)


def show(
    number: NumberArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Print all that is remembered of one association."""
    from pacsd.app.admin.records import AssociationDetail

    answer = ask_daemon(config, data_dir, "associations.show", number=number)
    print_answer(answer, AssociationDetail, _describe, as_json=as_json)


def abort(
    number: NumberArgument, config: ConfigOption = None, data_dir: DataDirOption = None
) -> None:
    """Abort an open association (A-ABORT, PS3.8 section 9.3.8)."""
    ask_daemon(config, data_dir, "associations.abort", number=number)
    typer.echo(f"association {number} is aborted")


def _print_table(associations: "Sequence[AssociationSummary]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for name in ("No.", "Calling", "Called", "Address", "Started", "Seconds", "Operations"):
        table.add_column(name, no_wrap=True)
    table.add_column("Outcome")
    for each in associations:
        failed = f" ({each.failures} failed)" if each.failures else ""
        table.add_row(
            str(each.number),
            each.calling_ae,
            each.called_ae,
            each.peer_address,
            local_time(each.started_at),
            _duration(each),
            f"{each.operations}{failed}",
            each.outcome,
        )
    # A file or a pipe has no width that a line could be too long for.
    width = None if sys.stdout.isatty() else WIDTH_IN_A_FILE
    Console(markup=False, highlight=False, width=width).print(table)


def _describe(detail: "AssociationDetail") -> "Iterator[str]":
    association = detail.summary
    yield f"association {association.number}: {association.outcome}"
    if association.reason:
        yield f"  reason: {association.reason}"
    if association.key:
        yield f"  key to set: {association.key}"
    whom = f"{association.calling_ae} calls {association.called_ae}"
    yield f"  {whom} from {association.peer_address}"
    yield f"  implementation: {association.implementation or 'not named'}"
    yield f"  started {local_time(association.started_at)}, {_duration(association)} s"
    if association.ended_at is not None:
        yield f"  {association.bytes_received} bytes received, {association.bytes_sent} sent"
    yield f"  {association.operations} operations, {association.failures} failed"
    accepted = f"{association.contexts_accepted} of {association.contexts_proposed}"
    yield f"presentation contexts: {accepted} accepted"
    for context in detail.contexts:
        yield _describe_context(context)
    if detail.commands:
        yield "last operations:"
    for command in detail.commands:
        yield _describe_command(command)


def _describe_context(context: "ContextDetail") -> str:
    if context.accepted:
        return f"  {context.context_id:3} {context.abstract_syntax}: {context.accepted}"
    proposed = ", ".join(context.proposed)
    if context.more_proposed:
        proposed += f" and {context.more_proposed} more"
    return f"  {context.context_id:3} {context.abstract_syntax}: refused (proposed: {proposed})"


def _describe_command(command: "CommandRecord") -> str:
    from pacsd.dicom.registry import uid_name
    from pacsd.dicom.status import describe

    status = "no status" if command.status is None else describe(command.status)
    return (
        f"  {command.at_s:9.3f} s {command.name} {command.message_id}"
        f" {uid_name(command.sop_class_uid)}: {status}, {command.data_set_bytes} bytes"
        f" in {command.took_s:.3f} s"
    )


def _duration(association: "AssociationSummary") -> str:
    ended_at = time.time() if association.ended_at is None else association.ended_at
    return f"{max(0.0, ended_at - association.started_at):.1f}"
