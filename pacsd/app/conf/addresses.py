"""Looking up host names of peers, and what addresses that makes."""

import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from pacsd.net.endpoint import literal_address
from pacsd.net.peers import Peer

MAX_LOOKUPS_AT_ONCE = 8


def resolve_names(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the IP addresses of each host name, none for a name nobody knows.

    Blocks as long as the resolver of the operating system takes.
    """
    unique = sorted(set(names))
    with ThreadPoolExecutor(MAX_LOOKUPS_AT_ONCE, "resolve") as pool:
        return dict(zip(unique, pool.map(_resolve, unique), strict=True))


def caller_addresses(peer: Peer) -> tuple[str, ...]:
    """Return the addresses and ranges a peer may call from, written as in its `addresses`.

    None at all for a peer that may call from anywhere and one whose host's name nobody knows.
    Blocks like `resolve_names`.
    """
    if peer.addresses or not peer.host:
        return peer.addresses
    found = (peer.host,) if literal_address(peer.host) else resolve_names([peer.host])[peer.host]
    return tuple(dict.fromkeys(str(literal_address(address)) for address in found))


def _resolve(name: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))
