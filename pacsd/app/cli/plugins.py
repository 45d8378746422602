"""`pacsd plugins list|check|trace|new`: what is installed, what is wrong with it, what it does."""

from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.plugins_new import new
from pacsd.app.cli.plugins_report import describe_plugin, plugins_as_json
from pacsd.app.cli.plugins_trace import trace
from pacsd.app.cli.with_config import EXIT_CONFIG, ConfigOption, config_errors
from pacsd.app.cli.with_daemon import (
    DataDirOption,
    JsonOption,
    believe,
    find_daemon,
    print_json,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pacsd.app.admin.plugin_records import HookCount, PluginState
    from pacsd.app.conf.settings import Config
    from pacsd.app.plugins.available import InstalledPlugin


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list")(list_plugins)
    group.command("check")(check)
    group.command("trace")(trace)
    group.command("new")(new)
    app.add_typer(group, name="plugins", help="What plugins there are, and what they do.")


def list_plugins(
    config: ConfigOption = None, data_dir: DataDirOption = None, *, as_json: JsonOption = False
) -> None:
    """List the installed plugins without importing any; of a running daemon's, what they did."""
    from pacsd.app.plugins.checking import enabled

    read = _read(config, data_dir)
    chosen = enabled(read)
    plugins = _with_missing(_installed(), chosen)
    counts, states = _counts(config, data_dir), _states(config, data_dir)
    if as_json:
        print_json(plugins_as_json(plugins, chosen, counts, states))
        return
    for plugin in plugins:
        for line in describe_plugin(plugin, chosen, counts, states):
            typer.echo(line)
    if counts is None:
        typer.echo("no daemon runs: what they do is not known", err=True)


def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME...]",
            help="Of these plugins; of those that the configuration names, if none are given.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Check plugins and their tables; print everything wrong, touch nothing. Exit code 0 or 2."""
    from pacsd.app.conf import reading
    from pacsd.app.plugins.checking import enabled, plugin_faults

    with config_errors():
        gathered = reading.gather(config)
        read = reading.decode(gathered)
    chosen = list(dict.fromkeys(names or enabled(read)))
    if names:
        _see_that_they_are_installed(chosen)
    faults = list(plugin_faults(read, chosen, locate=gathered.sources.error))
    for fault in faults:
        typer.echo(fault, err=True)
    if faults:
        raise typer.Exit(EXIT_CONFIG)
    count = len(chosen)
    typer.echo(f"{count} {'plugin is' if count == 1 else 'plugins are'} well: {', '.join(chosen)}")


def _see_that_they_are_installed(names: "Sequence[str]") -> None:
    from pacsd.app.conf.setting_keys import nearest

    known = [plugin.name for plugin in _installed()]
    missing = [name for name in names if name not in known]
    for name in missing:
        meant = nearest(name, known)
        hint = f"; did you mean {meant}?" if meant else ""
        typer.echo(f"{name!a}: no such plugin is installed{hint}", err=True)
    if missing:
        raise typer.Exit(EXIT_CONFIG)


def _read(config: "Path | None", data_dir: str | None) -> "Config":
    from pacsd.app.conf import reading
    from pacsd.app.conf.options import Options

    with config_errors():
        return reading.load(config, Options(data_dir=data_dir))


def _installed() -> "list[InstalledPlugin]":
    """What is installed; two packages that bring one name are told, and that is all."""
    from pacsd.api.errors import PluginError
    from pacsd.app.plugins.available import installed
    from pacsd.dicom.text import visible

    try:
        return installed()
    except PluginError as error:
        typer.echo(visible(str(error)), err=True)
        raise typer.Exit(EXIT_CONFIG) from None


def _with_missing(
    plugins: "list[InstalledPlugin]", chosen: "Sequence[str]"
) -> "list[InstalledPlugin]":
    """Those too that the configuration names but that are not there: without a package."""
    from pacsd.app.plugins.available import InstalledPlugin

    known = {plugin.name for plugin in plugins}
    return [*plugins, *(InstalledPlugin(name, "", "") for name in chosen if name not in known)]


def _counts(config: "Path | None", data_dir: str | None) -> "list[HookCount] | None":
    """What the running daemon counted; None when there is none."""
    from pacsd.app.admin.plugin_records import HookCount

    answer = _told(config, data_dir, "plugins.counts", "what they do")
    return None if answer is None else believe(list[HookCount], answer)


def _states(config: "Path | None", data_dir: str | None) -> "list[PluginState] | None":
    """How those do that the running daemon has; None when there is none."""
    from pacsd.app.admin.plugin_records import PluginState

    answer = _told(config, data_dir, "plugins.states", "how they are")
    return None if answer is None else believe(list[PluginState], answer)


def _told(config: "Path | None", data_dir: str | None, command: str, what: str) -> object:
    """What the daemon answers; None when there is none, nothing when it does not say."""
    from pacsd.app.admin.unix_socket import AdminError, NoDaemonError

    try:
        return find_daemon(config, data_dir)(command)
    except NoDaemonError:
        return None
    except AdminError as error:
        typer.echo(f"the daemon does not say {what}: {error}", err=True)
        return []
