"""STOW-RS of a CT of 500 slices of 0.5 MB, and of one file of 500 MB, into an empty server.

How fast, at what cost, and how much memory more than the server takes when it is idle.
"""

import sys
from collections.abc import Iterator

from contrib.bench import servers, web_drive
from contrib.bench.archives import NotFilled
from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.peak import peak_memory
from contrib.bench.servers import Peer, Service

_TOGETHER = (1, 25)
"""Instances in a request."""


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server, started anew for each; it keeps what it was sent until it is stopped."""
    values: Values = {}
    for together in _TOGETHER:
        try:
            values |= _store(peer, scale.slices, together)
        except NotFilled as error:
            print(error, file=sys.stderr)
    return values | _store_large(peer, scale.large_frames)


def _store(peer: Peer, slices: int, together: int) -> Values:
    key = f"web_stow_{together}"
    with servers.running(peer) as server:
        began_s = server.cpu_s()
        with peak_memory(server) as peak:
            report = web_drive.store_slices(peer, server, slices, together=together)
        values = {
            key: report["mb_per_s"],
            f"{key}_cpu": (server.cpu_s() - began_s) / slices * 1e3,
            f"{key}_peak": peak.mb,
            f"{key}_grown": peak.grown_mb,
        }
        told = web_drive.ask(peer, server, "metadata")
        return values | ({} if told is None else {f"{key}_metadata": told["first_ms"]})


def _store_large(peer: Peer, frames: int) -> Values:
    with servers.running(peer) as server:
        began_s = server.cpu_s()
        with peak_memory(server) as peak:
            report = web_drive.store_large(peer, server, frames)
        if report is None:
            return {}
        return {
            "web_stow_large": report["mb_per_s"],
            "web_stow_large_cpu": server.cpu_s() - began_s,
            "web_stow_large_peak": peak.mb,
            "web_stow_large_grown": peak.grown_mb,
        }


def _figures() -> Iterator[Figure]:
    for together in _TOGETHER:
        title = f"STOW-RS, {together} of 0.5 MB in each request: MB/s"
        yield Figure(f"web_stow_{together}", title, "3 x Orthanc")
        yield Figure(f"web_stow_{together}_cpu", "... CPU s per 1,000")
        yield from _memory(f"web_stow_{together}")
        title = "... metadata of all, asked for once they are stored, first: ms"
        yield Figure(f"web_stow_{together}_metadata", title, "60")
    yield Figure("web_stow_large", "STOW-RS, one file of 500 MB: MB/s")
    yield Figure("web_stow_large_cpu", "... CPU s")
    yield from _memory("web_stow_large")


def _memory(key: str) -> Iterator[Figure]:
    yield Figure(f"{key}_peak", "... peak memory MB")
    yield Figure(f"{key}_grown", "... more than idle, MB", "<= 48", has_ratio=False)


MEASURE = Measure("web-stow", tuple(_figures()), take, service=Service.WEB)
