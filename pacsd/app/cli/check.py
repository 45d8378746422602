"""`pacsd check`: say all that is wrong with the configuration, touch nothing."""

import typer

from pacsd.app.cli.with_config import EXIT_CONFIG, ConfigOption, config_errors


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(config: ConfigOption = None) -> None:
    """Check configuration, peers and plugins; print everything wrong. Exit code 0 or 2."""
    from pacsd.app.conf import checks
    from pacsd.app.conf.addresses import resolve_names
    from pacsd.app.plugins.checking import plugin_faults

    with config_errors():
        checked = checks.check(config, resolve=resolve_names, as_owner=True)
    faults = list(plugin_faults(checked.config, locate=checked.sources.error))
    for fault in faults:
        typer.echo(fault, err=True)
    if faults:
        raise typer.Exit(EXIT_CONFIG)
    for name in checked.peers.unresolved:
        typer.echo(f"warning: nobody knows the host {name}; its peer cannot call us", err=True)
    count = len(checked.peers)
    typer.echo(f"configuration is valid; {count} {'peer' if count == 1 else 'peers'} known")
