"""A CT of slices of 0.5 MB forwarded by a rule to two targets, while a third one is down.

It is stored before it counts as quiet, so that forwarding is measured by itself; a C-MOVE of the
same CT over one association afterwards says what sending alone takes.
"""

import time

from contrib.bench import drive, servers, sink
from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.peak import peak_memory
from contrib.bench.servers import SINK, Peer
from contrib.bench.settling import settle
from contrib.bench.sink import Sink

TIMEOUT_S = 300.0
TARGETS = 2
"""That take what they are sent."""
_LOOK_S = 0.05


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server."""
    slices = scale.slices
    with servers.running(peer) as server, sink.running(server.sink_port) as target:
        if drive.run("store", server.port, objects=slices, timeout_s=TIMEOUT_S) is None:
            return {}
        before_s = server.cpu_s()
        with peak_memory(server) as peak:
            took_s = _forwarded(target, slices * TARGETS)
        cpu_s = server.cpu_s() - before_s
        if took_s is None:
            return {}
        settle(server)
        began_s = time.monotonic()
        moved = drive.run("move", server.port, destination=SINK, timeout_s=TIMEOUT_S)
        alone_s = time.monotonic() - began_s
    rate, alone = slices * TARGETS / took_s, slices / alone_s
    return {
        "forward": rate,
        "forward_cpu": cpu_s / (slices * TARGETS) * 1000,
        "forward_peak": peak.mb,
        "forward_alone": None if moved is None else alone,
        "forward_ratio": None if moved is None else rate / alone * 100,
    }


def _forwarded(target: Sink, instances: int) -> float | None:
    """Seconds from the first that arrives to the last; None if they do not all arrive."""
    count, first_s, until_s = 0, 0.0, time.monotonic() + TIMEOUT_S
    while time.monotonic() < until_s:
        received = target.received().objects
        now_s = time.monotonic()
        if received and not count:
            first_s = now_s - _LOOK_S
        count += received
        if count >= instances:
            return now_s - first_s
        time.sleep(_LOOK_S)
    return None


MEASURE = Measure(
    "forward",
    (
        Figure("forward", "forwarded to both targets together (instances/s)"),
        Figure("forward_alone", "C-MOVE of the same over one association (instances/s)"),
        Figure("forward_ratio", "... of that, forwarding reaches (%)", ">= 70"),
        Figure("forward_cpu", "CPU s per 1,000 instances and target", "<= 1.0"),
        Figure("forward_peak", "peak memory MB"),
    ),
    take,
    only=("pacsd-forward",),
)
