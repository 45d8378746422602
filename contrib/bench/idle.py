"""Idle associations: what they cost, and whether others notice them."""

import time

from contrib.bench import drive, servers
from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.servers import Peer, Server

ANSWER_TIMEOUT_S = 5.0


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server: another association's C-ECHO before, with and after idle ones."""
    with servers.running(peer) as server:
        before = _others(server, scale)
        empty_kib = server.memory_kib()
        with drive.holding(server.port, scale.idle_associations, ANSWER_TIMEOUT_S) as holder:
            values = held_cost(server, holder, scale, empty_kib)
            during = _others(server, scale)
            asked = holder.ask(scale.asks)
            values["idle_answered"] = asked.answered
            values["idle_ask_ms"] = asked.median_ms
        after = _others(server, scale)
    alone = [rate for rate in (before, after) if rate]
    if during and alone:
        values["idle_slower"] = 100 * (1 - during / (sum(alone) / len(alone)))
    return values


def held_cost(server: Server, holder: drive.Holder, scale: Scale, empty_kib: int) -> Values:
    """Memory of each held association, CPU of all while nothing happens."""
    time.sleep(scale.settle_s / 2)
    grown_kib = server.memory_kib() - empty_kib
    began, began_s = time.perf_counter(), server.cpu_s()
    time.sleep(scale.settle_s)
    cpu_ms = 1e3 * (server.cpu_s() - began_s) / (time.perf_counter() - began)
    each = grown_kib / holder.held if holder.held else None
    return {"idle_held": holder.held, "idle_kib": each, "idle_cpu": cpu_ms}


def _others(server: Server, scale: Scale) -> float | None:
    report = drive.run("echo", server.port, seconds=scale.seconds, timeout_s=ANSWER_TIMEOUT_S)
    return None if report is None else report["per_s"]


MEASURE = Measure(
    "idle",
    (
        Figure("idle_held", "idle associations held, of 1,000", has_ratio=False),
        Figure("idle_kib", "... memory KiB each", "<= 40"),
        Figure("idle_cpu", "... CPU ms per second", "<= 10", has_ratio=False),
        Figure("idle_slower", "... another peer's C-ECHO slower by %", "<= 10", has_ratio=False),
        Figure(
            "idle_answered", "... C-ECHO at random on the idle ones answered, %", has_ratio=False
        ),
        Figure("idle_ask_ms", "... median ms of those"),
    ),
    take,
    needs_many=True,
)
