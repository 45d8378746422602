"""C-STORE of 0.5 MB images, encoded beforehand: how many per second, with 1 and with 4 clients."""

from contrib.bench import drive, servers
from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.servers import Peer

CLIENTS = (1, 4)


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server."""
    values: Values = {}
    with servers.running(peer) as server:
        for clients in CLIENTS:
            began_s = server.cpu_s()
            report = drive.run("store", server.port, clients=clients, objects=scale.objects)
            if report is not None:
                cpu_s = server.cpu_s() - began_s
                values[f"store_{clients}"] = report["per_s"]
                values[f"store_{clients}_cpu"] = cpu_s / scale.objects * 1000
    return values


MEASURE = Measure(
    "store",
    (
        Figure("store_1", "C-STORE of 0.5 MB /s, 1 client"),
        Figure("store_1_cpu", "... CPU s per 1,000"),
        Figure("store_4", "C-STORE of 0.5 MB /s, 4 clients"),
        Figure("store_4_cpu", "... CPU s per 1,000"),
    ),
    take,
)
