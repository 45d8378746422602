"""A CT forwarded by a rule to two DIMSE targets and a STOW-RS one, of which one is dead.

Another pacsd takes what is sent by STOW-RS. The CT is stored before it counts as quiet, so that
forwarding is measured by itself first; then again, while four senders store. In a C-MOVE of the
same CT over one association the daemon sends as a plain SCU does.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from contrib.bench import drive, servers, sink, wire
from contrib.bench.arrivals import Arrivals
from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.servers import PEERS, SINK, Peer, Server
from contrib.bench.settling import settle

DEAD_DIMSE, DEAD_STOW = "pacsd-dead-dimse", "pacsd-dead-stow"
"""The peers this is for."""
NOBODY = 1
"""A port at which nobody listens."""
CLIENTS = 4
QUARTERS = 4
"""Of what is forwarded: the memory in each of them is told."""

_TOGETHER = 500
"""Instances that a client encodes before it stores them."""
_LOOK_S = 0.1
_STORE_TIMEOUT_S = 60.0
_LONGEST_S = 30.0
"""In which storing alone is measured."""


@dataclass(frozen=True, slots=True)
class Place:
    """What runs: who forwards, and what arrives at those of its targets that live."""

    server: Server
    arrivals: Arrivals
    dimse: int
    web: int

    @property
    def live(self) -> int:
        """How many targets take what they are sent."""
        return self.dimse + self.web


@dataclass(slots=True)
class Forwarded:
    """How long it took until all was there, and the most memory in each quarter of it."""

    took_s: float
    dimse_s: float
    web_s: float
    peaks_kib: list[int]


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one daemon twice, each time started anew."""
    values = _by_itself(peer, scale)
    cpu = values.get("dead_cpu")
    return values if cpu is None else values | _beside_storing(peer, scale, cpu)


def _by_itself(peer: Peer, scale: Scale) -> Values:
    slices = scale.forwarded
    with _running(peer) as place:
        server = place.server
        if not _stored(server, scale):
            return {}
        before_s = server.cpu_s()
        forwarded = _forwarded(place, slices)
        cpu_s = server.cpu_s() - before_s
        if forwarded is None:
            return {}
        settle(server)
        began_s = time.monotonic()
        moved = drive.run("move", server.port, destination=SINK, timeout_s=_timeout_s(slices))
        alone = slices / (time.monotonic() - began_s)
    rate = slices * place.live / forwarded.took_s
    peaks = [kib * 1024 / 1e6 for kib in forwarded.peaks_kib]
    values: Values = {f"dead_peak_{number}": each for number, each in enumerate(peaks, 1)}
    values |= {
        "dead_rate": rate,
        "dead_dimse": slices * place.dimse / forwarded.dimse_s,
        "dead_cpu": cpu_s / (slices * place.live) * 1000,
        "dead_grown": peaks[-1] - peaks[0],
        "dead_alone": None if moved is None else alone,
        "dead_ratio": None if moved is None else rate / alone * 100,
    }
    return values | ({"dead_web": slices / forwarded.web_s} if place.web else {})


def _beside_storing(peer: Peer, scale: Scale, forwarding_cpu: float) -> Values:
    """Four senders store: while what came before is forwarded, and then for as long without."""
    slices = scale.forwarded
    with _running(peer) as place:
        server = place.server
        if not _stored(server, scale) or not place.arrivals.begin(_timeout_s(slices)):
            return {}
        bound_s = 2 * _timeout_s(slices)
        with drive.storing(
            server.port, CLIENTS, scale.forwarded_rows, _STORE_TIMEOUT_S, bound_s
        ) as storing:
            there = place.arrivals.total
            both = _Span(server, storing)
            if _forwarded(place, slices) is None:
                return {}
            both.end()
            sent = slices * place.live - there
            alone = _Span(server, storing)
            alone.last(min(_LONGEST_S, max(scale.seconds, both.seconds)))
    if both.rate is None or not alone.rate:
        return {}
    storing_cpu = alone.cpu_s / (alone.rate * alone.seconds)
    expected_s = storing_cpu * both.rate * both.seconds + forwarding_cpu / 1000 * sent
    return {
        "dead_stored_alone": alone.rate,
        "dead_stored_both": both.rate,
        "dead_kept": both.rate / alone.rate * 100,
        "dead_both_cpu": both.cpu_s / expected_s * 100 if expected_s else None,
    }


class _Span:
    """What is stored from now on to the last `end`, and the CPU time of the daemon in it."""

    def __init__(self, server: Server, storing: drive.Storing) -> None:
        self._server = server
        self._storing = storing
        self._began_s, self._before_s = time.monotonic(), server.cpu_s()
        self.seconds = self.cpu_s = 0.0
        self.rate: float | None = None

    def last(self, seconds: float) -> None:
        """For so long, and until something was stored, or nobody stores any more."""
        while True:
            time.sleep(seconds)
            self.end()
            if self.rate is None or self.rate > 0:
                return

    def end(self) -> None:
        """It is over, for now."""
        ended_s = time.monotonic()
        self.cpu_s = self._server.cpu_s() - self._before_s
        self.seconds = ended_s - self._began_s
        self.rate = self._storing.rate(self._began_s, ended_s)


@contextmanager
def _running(peer: Peer) -> Iterator[Place]:
    """Whoever lives, and the daemon that is told where the STOW-RS server is, or would be."""
    if peer.name == DEAD_STOW:
        with _daemon(peer, NOBODY) as server, sink.running(server.sink_port) as target:
            yield Place(server, Arrivals(target, None), dimse=2, web=0)
        return
    with (
        servers.running(PEERS["pacsd"]) as receiver,
        _daemon(peer, receiver.http_port) as server,
        sink.running(server.sink_port) as target,
    ):
        yield Place(server, Arrivals(target, receiver.http_port), dimse=1, web=1)


@contextmanager
def _daemon(peer: Peer, stow_port: int) -> Iterator[Server]:
    url = f"http://{wire.HOST}:{stow_port}{peer.web_root}"
    told = {"PACSD_WEB_TARGET": json.dumps([{"name": "stow", "url": url}])}
    with servers.running(replace(peer, environment={**peer.environment, **told})) as server:
        yield server


def _stored(server: Server, scale: Scale) -> bool:
    """Store the CT, part by part; whether all of it was."""
    for at in range(0, scale.forwarded, _TOGETHER):
        report = drive.run(
            "store",
            server.port,
            objects=min(_TOGETHER, scale.forwarded - at),
            rows=scale.forwarded_rows,
            clients=min(CLIENTS, scale.forwarded),
            timeout_s=_STORE_TIMEOUT_S,
        )
        if report is None:
            return False
    return True


def _forwarded(place: Place, slices: int) -> Forwarded | None:
    """Look until all targets that live have everything; None: they do not get it in time."""
    arrivals, peaks = place.arrivals, [0] * QUARTERS
    if not arrivals.begin(_timeout_s(slices)):
        return None
    began_s, dimse_s, web_s = time.monotonic(), 0.0, 0.0
    while time.monotonic() - began_s < _timeout_s(slices):
        arrivals.look()
        took_s = time.monotonic() - began_s + _LOOK_S
        quarter = min(QUARTERS - 1, arrivals.total * QUARTERS // (slices * place.live))
        # Whatever was passed between two looks is told as it is now.
        peaks[quarter] = max(peaks[quarter], place.server.memory_kib())
        dimse_s = dimse_s or (took_s if arrivals.dimse >= slices * place.dimse else 0.0)
        web_s = web_s or (took_s if arrivals.web >= slices * place.web else 0.0)
        if dimse_s and web_s:
            return Forwarded(took_s, dimse_s, web_s, [each or max(peaks) for each in peaks])
        time.sleep(_LOOK_S)
    return None


def _timeout_s(slices: int) -> float:
    return 120.0 + slices / 5


def _figures() -> Iterator[Figure]:
    yield Figure("dead_rate", "forwarded to the live targets together (instances/s)")
    yield Figure("dead_dimse", "... to those of DIMSE, until they have all (instances/s)")
    yield Figure("dead_web", "... by STOW-RS (instances/s)", only=(DEAD_DIMSE,))
    yield Figure("dead_alone", "C-MOVE of the same over one association (instances/s)")
    yield Figure("dead_ratio", "... of that, forwarding reaches (%)", ">= 70")
    yield Figure("dead_cpu", "CPU s per 1,000 instances and live target", "<= 1.0")
    for number in range(1, QUARTERS + 1):
        yield Figure(f"dead_peak_{number}", f"most memory in quarter {number} of it (MB)")
    yield Figure("dead_grown", "... more in the last than in the first (MB)", has_ratio=False)
    yield Figure("dead_stored_alone", f"C-STORE, {CLIENTS} at once, nothing forwarded: /s")
    yield Figure("dead_stored_both", "... while the CT is forwarded: /s")
    yield Figure("dead_kept", "... of the rate without (%)", ">= 90", has_ratio=False)
    yield Figure("dead_both_cpu", "... CPU, of what both take alone (%)", has_ratio=False)


MEASURE = Measure("forward-dead", tuple(_figures()), take, only=(DEAD_DIMSE, DEAD_STOW))
