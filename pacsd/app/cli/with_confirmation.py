"""What commands share that ask before they do something."""

import sys
from typing import Annotated

import typer

EXIT_NOT_CONFIRMED = 1

YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def confirm(question: str, *, yes: bool) -> None:
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
