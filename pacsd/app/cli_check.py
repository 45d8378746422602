"""`pacsd check`: say all that is wrong with the configuration, touch nothing."""

import typer

from pacsd.app.cli_config import ConfigOption, config_errors


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(config: ConfigOption = None) -> None:
    """Check configuration and peers; print everything wrong. Exit code 0 or 2."""
    from pacsd.app import checks
    from pacsd.app.addresses import resolve_names

    with config_errors():
        checked = checks.check(config, resolve=resolve_names)
    for name in checked.peers.unresolved:
        typer.echo(f"warning: nobody knows the host {name}; its peer cannot call us", err=True)
    count = len(checked.peers)
    typer.echo(f"configuration is valid; {count} {'peer' if count == 1 else 'peers'} known")
