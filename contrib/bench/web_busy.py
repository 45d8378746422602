"""Frames of 0.5 MB for eight clients over HTTP, while sixteen senders store over DIMSE.

How long a frame takes meanwhile, and how much is stored less for that.
"""

import sys
import time
from collections.abc import Iterator
from statistics import mean

from contrib.bench import drive, messages, servers, web_drive
from contrib.bench.archives import NotFilled
from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.peak import peak_memory
from contrib.bench.servers import Peer, Server, Service

CLIENTS = 8
SENDERS = 16

STORE_TIMEOUT_S = 30.0
"""Of one response."""

STORE_BOUND_S = 120.0
"""No sender stores for longer, whatever happens to who has started it."""


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server, with a few slices in it; it keeps what it was sent until it is stopped.

    Frames alone; then, while senders store, nothing, frames, and nothing again.
    """
    with servers.running(peer) as server:
        try:
            web_drive.store_slices(peer, server, scale.busy_slices)
        except NotFilled as error:
            print(error, file=sys.stderr)
            return {}
        values = _frames("web_busy_alone", peer, server, scale.seconds)[0]
        with drive.storing(
            server.port, SENDERS, messages.CT_ROWS, STORE_TIMEOUT_S, STORE_BOUND_S
        ) as storing:
            if storing.clients < SENDERS:
                return values
            return values | _while_storing(peer, server, storing, scale.seconds)


def _while_storing(peer: Peer, server: Server, storing: drive.Storing, seconds: float) -> Values:
    before = _stored_alone(storing, seconds)
    with peak_memory(server) as peak:
        values, span = _frames("web_busy_both", peer, server, seconds)
    during = storing.rate(*span) if span else None
    after = _stored_alone(storing, seconds)
    if before is None or during is None or after is None:
        return values
    alone = mean((before, after))
    return values | {
        "web_busy_both_peak": peak.mb,
        "web_busy_stored_alone": alone,
        "web_busy_stored_both": during,
        "web_busy_kept": 100 * during / alone if alone else None,
    }


def _stored_alone(storing: drive.Storing, seconds: float) -> float | None:
    """What is stored in a second while nobody asks for frames; waits until something was."""
    began_s = time.monotonic()
    while True:
        time.sleep(seconds)
        per_s = storing.rate(began_s, time.monotonic())
        # None at last: the senders have their bound.
        if per_s is None or per_s > 0:
            return per_s


def _frames(
    key: str, peer: Peer, server: Server, seconds: float
) -> tuple[Values, tuple[float, float] | None]:
    """The figures of frames, and the span in which they were asked for."""
    report = web_drive.ask(peer, server, "frames", CLIENTS, seconds)
    if report is None:
        return {}, None
    values = {f"{key}_{name}": report[name] for name in ("per_s", "p50_ms", "p95_ms")}
    return values, (report["began_s"] or 0, report["ended_s"] or 0)


def _figures() -> Iterator[Figure]:
    alone = f"Frames of 0.5 MB, {CLIENTS} at once, nobody storing: p50 ms"
    both = f"Frames of 0.5 MB, {CLIENTS} at once, while {SENDERS} senders store: p50 ms"
    for key, title, target in (("alone", alone, ""), ("both", both, "<= 60")):
        yield Figure(f"web_busy_{key}_p50_ms", title)
        yield Figure(f"web_busy_{key}_p95_ms", "... p95 ms", target)
        yield Figure(f"web_busy_{key}_per_s", "... frames/s")
    yield Figure("web_busy_both_peak", "... peak memory MB")
    yield Figure("web_busy_stored_alone", f"C-STORE of 0.5 MB, {SENDERS} at once: /s")
    yield Figure("web_busy_stored_both", "... while frames are asked for: /s")
    yield Figure("web_busy_kept", "... of the rate without, %", ">= 50", has_ratio=False)


MEASURE = Measure("web-busy", tuple(_figures()), take, needs_many=True, service=Service.WEB)
