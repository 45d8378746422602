"""Ten thousand idle associations at once; for pacsd, the others end far below."""

from contrib.bench import drive, servers
from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.idle import ANSWER_TIMEOUT_S, held_cost
from contrib.bench.servers import Peer

SPARE_FILES = 200
"""File descriptors a server needs beside its associations."""


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server; nothing is measured where the file limit forbids it."""
    if drive.raise_file_limit() < scale.held_associations + SPARE_FILES:
        return {}
    with servers.running(peer) as server:
        empty_kib = server.memory_kib()
        with drive.holding(server.port, scale.held_associations, ANSWER_TIMEOUT_S) as holder:
            cost = held_cost(server, holder, scale, empty_kib)
            report = drive.run("echo", server.port, seconds=scale.seconds)
            asked = holder.ask(scale.asks)
    values = {key.replace("idle", "held"): value for key, value in cost.items()}
    values["held_echo"] = None if report is None else report["per_s"]
    values["held_answered"] = asked.answered
    return values


MEASURE = Measure(
    "held",
    (
        Figure("held_held", "idle associations held, of 10,000", "10,000", has_ratio=False),
        Figure("held_kib", "... memory KiB each"),
        Figure("held_cpu", "... CPU ms per second", has_ratio=False),
        Figure("held_echo", "... another peer's C-ECHO /s"),
        Figure(
            "held_answered", "... C-ECHO at random on the idle ones answered, %", has_ratio=False
        ),
    ),
    take,
    only=("pacsd",),
)
