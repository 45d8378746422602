"""`pacsd serve`: the daemon."""

import gc
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import ConfigOption, config_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacsd.app.conf.checks import Checked
    from pacsd.app.conf.options import Options

EXIT_START = 1
EXIT_INDEX = 3
"""The index has to be made anew first: no start will succeed before."""

DataDir = Annotated[
    str | None, typer.Option("--data-dir", help="Where everything is kept.", show_default=False)
]
Dimse = Annotated[
    list[str] | None,
    typer.Option("--dimse", metavar="HOST:PORT", help="Listen for DICOM; repeatable."),
]
Http = Annotated[str | None, typer.Option("--http", metavar="HOST:PORT", help="Listen for HTTP.")]
Title = Annotated[str | None, typer.Option("--ae-title", help="Our AE title.")]
PeerTexts = Annotated[
    list[str] | None,
    typer.Option("--peer", metavar="AET=HOST:PORT", help="A peer we know; repeatable."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    config: ConfigOption = None,
    data_dir: DataDir = None,
    dimse: Dimse = None,
    http: Http = None,
    ae_title: Title = None,
    peer: PeerTexts = None,
) -> None:
    """Start the daemon and serve until SIGTERM or Ctrl-C."""
    # Next to all that start-up makes stays: looking for cycles in it, again and again, takes a
    # quarter of its time. The daemon has them looked for once it serves.
    gc.disable()
    try:
        from pacsd.app.conf.options import Options

        _start(config, Options(data_dir, tuple(dimse or ()), http, ae_title, tuple(peer or ())))
    finally:
        gc.enable()


def _start(config: ConfigOption, options: "Options") -> None:
    from pacsd.app.conf.addresses import resolve_names
    from pacsd.app.conf.checks import check
    from pacsd.app.logs import configure

    def read() -> "Checked":
        return check(config, options, resolve=resolve_names)

    with config_errors():
        checked = read()
        configure(checked.config.log)
        _serve(checked, read)


def _serve(checked: "Checked", read: "Callable[[], Checked]") -> None:
    import anyio

    from pacsd.api.errors import HookError, PluginError
    from pacsd.app.daemon import Daemon
    from pacsd.app.data_dir import DataDirError, locked
    from pacsd.app.opening import IndexStartError, StartError
    from pacsd.app.systemd import Notifier

    try:
        with locked(checked.config.data_dir) as data_dir:
            daemon = Daemon(checked, data_dir, read, Notifier.from_environment())
            anyio.run(daemon.run, backend_options={"use_uvloop": True})
    except (DataDirError, HookError, PluginError, StartError) as error:
        typer.echo(f"pacsd cannot start: {error}", err=True)
        is_for_good = isinstance(error, IndexStartError)
        raise typer.Exit(EXIT_INDEX if is_for_good else EXIT_START) from None
