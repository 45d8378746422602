"""C-STORE of images encoded beforehand: how many per second, with one client and with more."""

from contrib.bench import drive, servers
from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.messages import CT_ROWS, SMALL_ROWS
from contrib.bench.servers import Peer

CLIENTS = (1, 4, 16)
SIZES = {"store": ("0.5 MB", CT_ROWS, 1), "small": ("2 KB", SMALL_ROWS, 4)}
"""Figure -> size in words, rows of the image, and how many times as many objects are sent."""


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server; it keeps what it was sent, so the disk must have room."""
    values: Values = {}
    with servers.running(peer) as server:
        for key, (_, rows, factor) in SIZES.items():
            for clients in CLIENTS:
                began_s = server.cpu_s()
                count = factor * scale.objects
                report = drive.run("store", server.port, clients=clients, objects=count, rows=rows)
                if report is not None:
                    values[f"{key}_{clients}"] = report["per_s"]
                    values[f"{key}_{clients}_cpu"] = (server.cpu_s() - began_s) / count * 1000
    return values


def _figures() -> tuple[Figure, ...]:
    rows = [
        (
            Figure(f"{key}_{clients}", f"C-STORE of {size} /s, {clients} at once"),
            Figure(f"{key}_{clients}_cpu", "... CPU s per 1,000"),
        )
        for key, (size, _, _) in SIZES.items()
        for clients in CLIENTS
    ]
    return tuple(figure for pair in rows for figure in pair)


MEASURE = Measure("store", _figures(), take)
