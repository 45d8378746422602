"""What commands share that call a peer: which one is meant."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pacsd.app.conf.reading import Gathered
    from pacsd.app.conf.settings import Config
    from pacsd.net.endpoint import Endpoint
    from pacsd.net.peers import Peer

PeerArgument = Annotated[
    str,
    typer.Argument(help="AE title of a known peer, or AET=HOST:PORT.", show_default=False),
]
PeerOrServiceArgument = Annotated[
    str,
    typer.Argument(
        metavar="PEER",
        help="AE title of a known peer, AET=HOST:PORT, or the root of a DICOMweb service: "
        "http://HOST:PORT/dicomweb.",
        show_default=False,
    ),
]


def find_peer(text: str, config: Path | None) -> "tuple[Peer, Config]":
    """The peer that is meant, which has an endpoint, and the configuration.

    Raises:
        ConfigErrors: what is wrong with the configuration.
        typer.BadParameter: it is none that we can call.
    """
    from pacsd.app.conf import peers_file, reading

    gathered = reading.gather(config)
    settings = reading.decode(gathered)
    peers = peers_file.load(gathered.peers_path, reading.option_peers(gathered))
    peer = peers.find(text) or _parse(text)
    if peer is None or peer.endpoint is None:
        known = ", ".join(known.ae_title for known in peers if known.endpoint) or "none"
        raise typer.BadParameter(
            f"{text!a} is no peer we can call; known: {known}{unread_peers_file(gathered)}. "
            "AET=HOST:PORT will do, or http://HOST:PORT/ROOT of a DICOMweb service.",
            param_hint="PEER",
        )
    return peer, settings


def unread_peers_file(gathered: "Gathered") -> str:
    """That nothing named a peers file, to be put behind what is said of the known peers; or ''."""
    if gathered.peers_path is not None or gathered.sources.document is not None:
        return ""
    return " (no --config and no PACSD_CONFIG: no peers file was read)"


def endpoint_of(peer: "Peer") -> "Endpoint":
    """Where a peer is called."""
    if peer.endpoint is None:
        raise typer.BadParameter(f"{peer.ae_title} may only call us", param_hint="PEER")
    return peer.endpoint


def _parse(text: str) -> "Peer | None":
    from pydantic import ValidationError

    from pacsd.net.peers import Peer

    if "=" not in text:
        return None
    try:
        return Peer.parse(text)
    except ValidationError as error:
        rule = error.errors()[0]["msg"]
    except ValueError as error:
        rule = str(error)
    raise typer.BadParameter(f"{text!a}: {rule}", param_hint="PEER")
