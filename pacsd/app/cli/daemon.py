"""`pacsd status|reload`: the running daemon."""

import typer

from pacsd.app.cli.with_config import ConfigOption
from pacsd.app.cli.with_daemon import (
    DataDirOption,
    JsonOption,
    ask_daemon,
    believe,
    local_time,
    print_json,
)
from pacsd.dicom.text import printable

_WHY = 500
"""Characters of what is wrong with a plugin."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status")(status)
    app.command("reload")(reload)


def status(
    config: ConfigOption = None, data_dir: DataDirOption = None, *, as_json: JsonOption = False
) -> None:
    """Say whether a daemon runs, which, and since when."""
    from pacsd.app.admin.records import DaemonStatus

    answer = ask_daemon(config, data_dir, "status")
    if as_json:
        print_json(answer)
        return
    daemon = believe(DaemonStatus, answer)
    typer.echo(f"pacsd {daemon.version}, process {daemon.process}")
    typer.echo(f"serving since {local_time(daemon.started_at)}")
    typer.echo(f"DICOM on {', '.join(daemon.dimse) or 'no address'}")
    typer.echo(f"web on {daemon.http or 'no address'}")
    typer.echo(f"open associations: {daemon.open_associations}")
    for name, trouble in daemon.stores.items():
        typer.echo(printable(trouble) or f"store {printable(name)} is well")


def reload(config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Have the daemon read peers and plugins again, as SIGHUP does; on an error all stays.

    Exits with 1 if a plugin is ill afterwards: one with a file that cannot be used keeps the last.
    """
    from pacsd.app.admin.records import Reloaded

    done = believe(Reloaded, ask_daemon(config, data_dir, "reload"))
    typer.echo("reloaded")
    for what, plugins in (("started", done.started), ("stopped", done.stopped)):
        if plugins:
            typer.echo(f"plugins {what}: {', '.join(map(printable, plugins))}")
    if done.need_restart:
        typer.echo(f"changed, but only a restart takes it over: {', '.join(done.need_restart)}")
    for plugin, why in done.ill.items():
        typer.echo(f"plugin {printable(plugin)} is ill: {printable(why, _WHY)}", err=True)
    if done.ill:
        raise typer.Exit(1)
