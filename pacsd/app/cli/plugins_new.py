"""`pacsd plugins new`: a package to begin with, whose tests pass."""

from pathlib import Path
from typing import Annotated

import typer

from pacsd.app.cli.with_config import EXIT_CONFIG


def new(
    name: Annotated[str, typer.Argument(help="The plugin's, as its table has it.")],
    kind: Annotated[str, typer.Option("--kind", help="ai, auth, gate (refuses), route or store.")],
    into: Annotated[
        Path, typer.Option("--into", help="Where its folder is made.", show_default="here")
    ] = Path(),
) -> None:
    """Write a plugin to begin with: package, settings, tests that pass. Overwrites nothing."""
    from pacsd.api.errors import PluginError
    from pacsd.app.plugins.available import available
    from pacsd.app.plugins.new_plugin import NotMade, make_plugin

    try:
        folder = make_plugin(name, kind, into, available())
    except (NotMade, PluginError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_CONFIG) from None
    typer.echo(f"{folder.absolute()} is made; its README.md says how to go on")
