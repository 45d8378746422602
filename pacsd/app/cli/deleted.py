"""`pacsd deleted list`: what is deleted and can be restored, since when, by whom and why."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import ConfigOption
from pacsd.app.cli.with_daemon import (
    DataDirOption,
    JsonOption,
    ask_daemon,
    local_time,
    print_page,
)

if TYPE_CHECKING:
    from pacsd.app.admin.deletion_records import DeletionSummary

LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]
AfterOption = Annotated[int, typer.Option("--after", min=0, help="From behind this number on.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list")(list_deleted)
    group.callback()(_group)
    app.add_typer(group, name="deleted", help="What is deleted, and can be restored.")


def _group() -> None:
    """Keep `list` a word of its own, however few there are."""


def list_deleted(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    limit: LimitOption = 100,
    after: AfterOption = 0,
    as_json: JsonOption = False,
) -> None:
    """List what was deleted and is not purged, the oldest decision first."""
    from pacsd.app.admin.deletion_records import DeletionSummary

    answer = ask_daemon(config, data_dir, "deletion.list", limit=limit + 1, after=after)
    print_page(
        answer,
        list[DeletionSummary],
        _describe,
        limit=limit,
        as_json=as_json,
        nothing="nothing more" if after else "nothing is deleted",
    )


def _describe(deletion: "DeletionSummary") -> Iterator[str]:
    what = f"{deletion.level} {deletion.uid}" if deletion.uid else "several"
    yield f"deletion {deletion.number}: {what}, {deletion.instances} instances"
    if deletion.level != "study":
        yield f"  of study {', '.join(deletion.studies)}"
    yield f"  by {deletion.actor or '(not noted)'} at {local_time(deletion.deleted_at)}: " + (
        deletion.reason or "(no reason noted)"
    )
    until = deletion.restorable_until
    yield f"  restorable {'at any time' if until is None else f'until {local_time(until)}'}"
