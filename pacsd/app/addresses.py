"""Looking up host names of peers."""

import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

MAX_LOOKUPS_AT_ONCE = 8


def resolve_names(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the IP addresses of each host name, none for a name nobody knows.

    Blocks as long as the resolver of the operating system takes.
    """
    unique = sorted(set(names))
    with ThreadPoolExecutor(MAX_LOOKUPS_AT_ONCE, "resolve") as pool:
        return dict(zip(unique, pool.map(_resolve, unique), strict=True))


def _resolve(name: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))
