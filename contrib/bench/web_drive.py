"""Start the client for the DICOMweb service of a server; None where that did not answer."""

from contrib.bench import drive, messages
from contrib.bench.archives import NotFilled
from contrib.bench.cohort import Cohort
from contrib.bench.servers import Peer, Server
from contrib.bench.wire import Report

TIMEOUT_S = 120.0
"""Of one part of an answer."""


def ask(
    peer: Peer, server: Server, what: str, clients: int = 1, seconds: float = 0
) -> Report | None:
    """Ask for one thing of the CT, in one way."""
    return _run(peer, server, "web", ask=what, clients=clients, seconds=seconds)


def ask_long(peer: Peer, server: Server, objects: int, seconds: float) -> Report | None:
    """Ask for metadata of a CT of so many slices; once if `seconds` is 0."""
    return _run(peer, server, "long", objects=objects, seconds=seconds)


def search(peer: Peer, server: Server, query: str, cohort: Cohort, seconds: float) -> Report | None:
    """One search after the other."""
    return _run(peer, server, "search", query=query, cohort=str(cohort), seconds=seconds)


def store_slices(
    peer: Peer, server: Server, objects: int, rows: int = messages.CT_ROWS, together: int = 25
) -> Report:
    """STOW-RS of a CT of so many slices.

    Raises:
        NotFilled: not all were stored.
    """
    report = _run(peer, server, "slices", objects=objects, rows=rows, together=together)
    if report is None:
        raise NotFilled(f"{peer.name}: the slices were not stored")
    return report


def store_large(peer: Peer, server: Server, frames: int) -> Report | None:
    """STOW-RS of one file of so many frames."""
    return _run(peer, server, "large", objects=frames)


def _run(peer: Peer, server: Server, mode: str, **options: float | str) -> Report | None:
    return drive.run(mode, server.http_port, root=peer.web_root, timeout_s=TIMEOUT_S, **options)
