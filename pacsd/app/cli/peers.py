"""`pacsd peers list|show`: the known peers."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import ConfigOption, config_errors
from pacsd.app.cli.with_peer import unread_peers_file

if TYPE_CHECKING:
    from pathlib import Path

    from pacsd.net.peers import Peer, PeerBook

JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list")(list_peers)
    group.command("show")(show)
    app.add_typer(group, name="peers", help="The DICOM peers we know.")


def list_peers(config: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """List the known peers."""
    known, unread = _load(config)
    peers = list(known)
    if as_json:
        typer.echo(json.dumps([peer.model_dump(mode="json") for peer in peers], indent=2))
    elif not peers:
        typer.echo(f"no peers are known{unread}", err=True)
    else:
        _print_table(peers)


def show(
    ae_title: Annotated[str, typer.Argument(help="AE title of the peer.", show_default=False)],
    config: ConfigOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Print all that is known of one peer."""
    from pacsd.app.conf.docs import toml_value
    from pacsd.app.conf.setting_keys import nearest

    peers, unread = _load(config)
    peer = peers.find(ae_title)
    if peer is None:
        meant = nearest(ae_title, [known.ae_title for known in peers])
        hint = f"; did you mean {meant}?" if meant else ""
        typer.echo(f"{ae_title!a}: no such peer{hint}{unread}", err=True)
        raise typer.Exit(1)
    values = peer.model_dump(mode="json")
    if as_json:
        typer.echo(json.dumps(values, indent=2))
        return
    for name, value in values.items():
        typer.echo(f"{name} = {toml_value(value)}" if value is not None else f"{name} is not set")


def _load(config: "Path | None") -> "tuple[PeerBook, str]":
    """The known peers, and that no peers file was read, or ''."""
    from pacsd.app.conf import peers_file, reading

    with config_errors():
        gathered = reading.gather(config)
        known = peers_file.load(gathered.peers_path, reading.option_peers(gathered))
        return known, unread_peers_file(gathered)


def _print_table(peers: "list[Peer]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("AE title", "Address", "May call from", "Description", box=box.SIMPLE_HEAD)
    for peer in peers:
        calls_from = ", ".join(peer.addresses) or peer.host or "anywhere"
        table.add_row(peer.ae_title, str(peer.endpoint or "-"), calls_from, peer.description)
    Console(markup=False, highlight=False).print(table)
