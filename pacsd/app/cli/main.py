"""The command `pacsd`. Each group of commands registers its own in a module.

What a command needs is imported when it runs: `pacsd --version` loads no settings, no sockets.
"""

from typing import Annotated, Any

import typer
import typer.core

from pacsd import __version__
from pacsd.app.cli import (
    associations,
    check,
    commit,
    conf,
    correct,
    daemon,
    delete,
    deleted,
    deliveries,
    echo,
    explain,
    export,
    find,
    fsck,
    get,
    hooks,
    import_files,
    index,
    jobs,
    move,
    peers,
    plugins,
    quarantine,
    rules,
    run,
    selftest,
    send,
    serve,
)
from pacsd.app.cli.with_config import EXIT_INTERRUPTED

COMMAND_GROUPS = (
    serve,
    daemon,
    selftest,
    echo,
    send,
    find,
    move,
    get,
    commit,
    import_files,
    export,
    fsck,
    associations,
    explain,
    quarantine,
    correct,
    delete,
    deleted,
    index,
    deliveries,
    jobs,
    rules,
    check,
    conf,
    peers,
    plugins,
    hooks,
    run,
)


class _Commands(typer.core.TyperGroup):
    """All commands: Ctrl-C where one does not expect it is told, too."""

    def invoke(self, ctx: Any) -> Any:  # which click's context that is differs by version
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None


def build() -> typer.Typer:
    """Put the command line together."""
    app = typer.Typer(
        name="pacsd",
        cls=_Commands,
        help="DICOM server (PACS / vendor-neutral archive).",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    for group in COMMAND_GROUPS:
        group.register(app)
    return app


def main() -> None:
    """Run the command line; the entry point of the console script."""
    build()()


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pacsd {__version__}")
        raise typer.Exit


def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Say the version and leave."
        ),
    ] = False,
) -> None:
    """DICOM server (PACS / vendor-neutral archive)."""
