"""Reading the peers file, peers.toml."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from pacsd.api.settings import Settings
from pacsd.app.conf import toml_document
from pacsd.app.conf.decode import decode_strictly, find_problems
from pacsd.app.conf.errors import ConfigErrors
from pacsd.app.conf.repeated import repeated_titles
from pacsd.app.conf.sources import Sources
from pacsd.net.endpoint import literal_address
from pacsd.net.peers import Peer, PeerBook

Resolve = Callable[[Iterable[str]], Mapping[str, tuple[str, ...]]]


class PeersFile(Settings):
    """The peers file."""

    peer: tuple[Peer, ...] = Field(default=())
    """The peers, each AE title once."""


def load(
    path: Path | None, others: Iterable[Peer] = (), resolve: Resolve | None = None
) -> PeerBook:
    """Read the known peers.

    Args:
        path: the TOML file; None when there is none.
        others: peers of `--peer`; they give host and port of a peer that the file holds, too.
        resolve: looks up host names of peers that call from their host's address. Without it
            nothing is looked up, and such a peer may not call.

    Raises:
        ConfigErrors: everything that is wrong.
    """
    peers = {peer.ae_title: peer for peer in (_read(path) if path else ())}
    for other in others:
        known = peers.get(other.ae_title, other)
        place = {"host": other.host, "port": other.port}
        peers[other.ae_title] = known.model_copy(update=place)
    names = [peer.host for peer in peers.values() if _calls_from_name(peer)]
    return PeerBook(peers.values(), resolve(names) if resolve and names else {})


def _read(path: Path) -> tuple[Peer, ...]:
    sources = Sources(toml_document.read(path))
    try:
        peers = decode_strictly(PeersFile, sources.tree).peer
    except ValidationError as error:
        found = find_problems(PeersFile, error)
        raise ConfigErrors(sources.error(problem) for problem in found) from None
    titles = [peer.ae_title for peer in peers]
    errors = repeated_titles(sources, titles, "peer", "ae_title")
    if errors:
        raise ConfigErrors(errors)
    return peers


def _calls_from_name(peer: Peer) -> bool:
    return bool(peer.host) and not peer.addresses and literal_address(peer.host) is None
