"""C-GET and C-MOVE of one CT of 500 slices of 0.5 MB: how fast, and what it costs the server.

What is asked for is retrieved twice, on a server that was started for it; the second time counts.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from contrib.bench import drive, servers, sink
from contrib.bench.archives import NotFilled, filled
from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.messages import CT_ROWS
from contrib.bench.peak import peak_memory
from contrib.bench.retrieve_client import Received
from contrib.bench.servers import SINK, WIDE_SINK, Peer, Server, Service
from contrib.bench.settling import settle
from contrib.bench.sink import Sink
from contrib.bench.wire import Report

TIMEOUT_S = 120.0
"""A server that tells nothing of its progress for so long is given up."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to retrieve; `times` is how many of them at once."""

    title: str
    retrieve: Callable[[Server, Sink], tuple[Report, Received] | None]
    times: int = 1
    only: tuple[str, ...] = ()


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server."""
    try:
        folder = filled(f"retrieve-{scale.slices}", peer, scale, partial(_fill, peer, scale.slices))
    except NotFilled as error:
        print(error, file=sys.stderr)
        return {}
    values: Values = {}
    for key, way in _WAYS.items():
        if not way.only or peer.name in way.only:
            with servers.running(peer, folder) as server, sink.running(server.sink_port) as target:
                values |= _measured(key, way, server, target, scale.slices)
    return values


def _fill(peer: Peer, slices: int, folder: Path) -> None:
    with servers.running(peer, folder) as server:
        if drive.run("store", server.port, objects=slices, timeout_s=TIMEOUT_S) is None:
            raise NotFilled(f"{peer.name}: the CT was not stored")
        settle(server)


def _measured(key: str, way: _Way, server: Server, target: Sink, slices: int) -> Values:
    expected = slices * way.times
    if way.retrieve(server, target) is None:
        return {}
    began_s = server.cpu_s()
    with peak_memory(server) as peak:
        outcome = way.retrieve(server, target)
    cpu_s = server.cpu_s() - began_s
    if outcome is None:
        return {}
    report, received = outcome
    least_bytes = expected * CT_ROWS * CT_ROWS * 2
    if received.objects != expected or received.data_set_bytes < least_bytes:
        return {}
    return {
        key: expected / (report["seconds"] or 1),
        f"{key}_cpu": cpu_s / expected * 1000,
        f"{key}_peak": peak.mb,
    }


def _get(server: Server, _: Sink) -> tuple[Report, Received] | None:
    report = drive.run("get", server.port, timeout_s=TIMEOUT_S)
    if report is None:
        return None
    return report, Received(int(report["objects"] or 0), int(report["bytes"] or 0))


def _move(
    clients: int, destination: str
) -> Callable[[Server, Sink], tuple[Report, Received] | None]:
    def move(server: Server, target: Sink) -> tuple[Report, Received] | None:
        report = drive.run(
            "move", server.port, clients=clients, destination=destination, timeout_s=TIMEOUT_S
        )
        received = target.received()
        return None if report is None else (report, received)

    return move


_WAYS: Mapping[str, _Way] = {
    "get": _Way("C-GET", _get),
    "move": _Way("C-MOVE over one association", _move(1, SINK)),
    "move_wide": _Way("C-MOVE over four associations", _move(1, WIDE_SINK), only=("pacsd",)),
    "move_4": _Way("four C-MOVEs at once, each over one association", _move(4, SINK), times=4),
}


def _figures() -> Iterator[Figure]:
    for key, way in _WAYS.items():
        yield Figure(key, f"{way.title}: instances of 0.5 MB /s", only=way.only)
        yield Figure(f"{key}_cpu", "... CPU s per 1,000", only=way.only)
        yield Figure(f"{key}_peak", "... peak memory MB", only=way.only)


MEASURE = Measure("retrieve", tuple(_figures()), take, service=Service.RETRIEVE)
