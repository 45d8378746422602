"""From the start of the process to the first C-ECHO, and what it takes while nothing happens."""

import time

from contrib.bench import servers
from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.servers import Peer


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server."""
    with servers.running(peer) as server:
        start_cpu_s = server.cpu_s()
        time.sleep(scale.settle_s / 2)
        began, began_s = time.perf_counter(), server.cpu_s()
        time.sleep(scale.settle_s)
        cpu_ms = 1e3 * (server.cpu_s() - began_s) / (time.perf_counter() - began)
        resident_mb = server.resident_kib() * 1024 / 1e6
    return {
        "startup_echo": server.first_echo_s,
        "startup_cpu": start_cpu_s,
        "startup_resident": resident_mb,
        "startup_idle_cpu": cpu_ms,
    }


MEASURE = Measure(
    "startup",
    (
        Figure("startup_echo", "start to first C-ECHO, s", "<= 1.5"),
        Figure("startup_cpu", "... CPU s until then"),
        Figure("startup_resident", "resident MB, without associations", "<= 110"),
        Figure("startup_idle_cpu", "CPU ms per second, without associations", has_ratio=False),
    ),
    take,
)
