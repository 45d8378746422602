"""Open an association, C-ECHO, release it: how many per second, with 1 and with 4 clients."""

from contrib.bench import drive, servers
from contrib.bench.figures import Figure, Measure, Scale, Values, per_total
from contrib.bench.servers import Peer

CLIENTS = (1, 4)


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server."""
    values: Values = {}
    with servers.running(peer) as server:
        for clients in CLIENTS:
            began_s = server.cpu_s()
            report = drive.run("associate", server.port, seconds=scale.seconds, clients=clients)
            if report is not None:
                values[f"associate_{clients}"] = report["per_s"]
                cpu_s = server.cpu_s() - began_s
                values[f"associate_{clients}_cpu"] = per_total(cpu_s, report["total"])
    return values


MEASURE = Measure(
    "associate",
    (
        Figure("associate_1", "open + C-ECHO + release /s, 1 client", ">= 1,500"),
        Figure("associate_1_cpu", "... CPU µs each"),
        Figure("associate_4", "open + C-ECHO + release /s, 4 clients", ">= 1,500"),
        Figure("associate_4_cpu", "... CPU µs each"),
    ),
    take,
)
