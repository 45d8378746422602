"""C-ECHO after C-ECHO on one open association."""

from contrib.bench import drive, servers
from contrib.bench.figures import Figure, Measure, Scale, Values, per_total
from contrib.bench.servers import Peer


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server."""
    with servers.running(peer) as server:
        began_s = server.cpu_s()
        report = drive.run("echo", server.port, seconds=scale.seconds)
        if report is None:
            return {}
        cpu_s = server.cpu_s() - began_s
    return {"echo": report["per_s"], "echo_cpu": per_total(cpu_s, report["total"])}


MEASURE = Measure(
    "echo",
    (
        Figure("echo", "C-ECHO /s on an open association", ">= 8,000"),
        Figure("echo_cpu", "... CPU µs each"),
    ),
    take,
)
