"""`pacsd check`: say all that is wrong with the configuration, touch nothing."""

from typing import TYPE_CHECKING

import typer

from pacsd.app.cli.with_config import EXIT_CONFIG, ConfigOption, config_errors

if TYPE_CHECKING:
    from pacsd.app.conf.checks import Checked


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(config: ConfigOption = None) -> None:
    """Check configuration, peers and plugins; print everything wrong. Exit code 0 or 2."""
    from pacsd.app.conf import checks
    from pacsd.app.conf.addresses import resolve_names

    with config_errors():
        checked = checks.check(config, resolve=resolve_names, as_owner=True)
        faults = _plugin_faults(checked)
    for fault in faults:
        typer.echo(fault, err=True)
    if faults:
        raise typer.Exit(EXIT_CONFIG)
    for name in checked.peers.unresolved:
        typer.echo(f"warning: nobody knows the host {name}; its peer cannot call us", err=True)
    count = len(checked.peers)
    typer.echo(f"configuration is valid; {count} {'peer' if count == 1 else 'peers'} known")


def _plugin_faults(checked: "Checked") -> list[str]:
    """Return what keeps the enabled plugins from working; wrong keys are ConfigErrors."""
    import structlog

    from pacsd.api.errors import PluginError
    from pacsd.app.plugins.loading import load

    config = checked.config
    try:
        loaded = load(config, config.data_dir, structlog.get_logger, locate=checked.sources.error)
    except PluginError as error:
        return [str(error)]
    return [str(fault) for fault in loaded.check()]
