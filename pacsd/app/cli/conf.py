"""`pacsd conf describe|show`: what can be configured, and what is."""

from typing import Annotated

import typer

from pacsd.app.cli.with_config import EXIT_CONFIG, ConfigOption, config_errors


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("describe")(describe)
    group.command("show")(show)
    app.add_typer(group, name="conf", help="What can be configured, and what is.")


def describe(
    key: Annotated[
        str, typer.Argument(help="A key (dimse.listen) or table (dimse); none = all.")
    ] = "",
) -> None:
    """Explain keys: meaning, default, limits, environment variable."""
    from pacsd.app.conf import docs

    try:
        text = docs.describe(key)
    except KeyError as error:
        typer.echo(error.args[0], err=True)
        raise typer.Exit(EXIT_CONFIG) from None
    typer.echo(text)


def show(config: ConfigOption = None) -> None:
    """Print the values that hold and where each comes from."""
    from pacsd.app.conf import reading
    from pacsd.app.conf.show import show as render

    with config_errors():
        gathered = reading.gather(config)
        decoded = reading.decode(gathered)
    typer.echo(render(decoded, gathered.sources))
