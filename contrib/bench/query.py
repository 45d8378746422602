"""C-FIND over 400 studies with 20,000 images: how long until the final response, and what it costs.

Every server returns the same attributes, all of which it has in its index or database.
"""

import sys
from collections.abc import Iterator, Mapping
from functools import partial

from contrib.bench import drive, servers
from contrib.bench.archives import NotFilled, filled
from contrib.bench.cohort import Cohort
from contrib.bench.figures import FULL, Figure, Measure, Scale, Values
from contrib.bench.filling import fill
from contrib.bench.queries import QUERIES
from contrib.bench.servers import Peer, Server, Service

TIMEOUT_S = 120.0
"""Of one part of an answer."""

_QUERIES = {
    "patient-id": "Patient ID",
    "study-date": "Study Date",
    "smi": "Patient's Name SMI*",
    "images": "images of a series",
    "all": "all studies",
}


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server."""
    try:
        folder = filled(f"query-{scale.cohort}", peer, scale, partial(fill, peer, scale.cohort))
    except NotFilled as error:
        print(error, file=sys.stderr)
        return {}
    with servers.running(peer, folder) as server:
        return ask_all("query", server, scale.seconds, str(scale.cohort), _QUERIES)


def ask_all(
    prefix: str, server: Server, seconds: float, cohort: str, names: Mapping[str, str]
) -> Values:
    """Ask queries one after the other, each for a while, after a few that do not count."""
    values: Values = {}
    for name in names:
        asked = {"query": name, "cohort": cohort}
        drive.run("find", server.port, seconds=0, timeout_s=TIMEOUT_S, **asked)
        began_s = server.cpu_s()
        report = drive.run("find", server.port, seconds=seconds, timeout_s=TIMEOUT_S, **asked)
        if report is not None:
            cpu_ms = (server.cpu_s() - began_s) * 1e3
            key = f"{prefix}_{name}"
            values[key] = report["p50_ms"]
            values[f"{key}_p95"] = report["p95_ms"]
            if name == "all":
                values[f"{key}_first"] = report["first_ms"]
            values[f"{key}_cpu"] = cpu_ms / (report["total"] or 1)
    return values


def figures(
    prefix: str, names: Mapping[str, str], cohort: Cohort, targets: Mapping[str, str]
) -> Iterator[Figure]:
    """The rows of queries; how soon the first match comes is told of that for all studies."""
    for name, text in names.items():
        key = f"{prefix}_{name}"
        title = f"C-FIND {text} ({QUERIES[name](cohort, 0).matches:,} matches)"
        yield Figure(key, f"{title}: p50 ms", targets.get(name, ""))
        yield Figure(f"{key}_p95", "... p95 ms")
        if name == "all":
            yield Figure(f"{key}_first", "... first match, p50 ms")
        yield Figure(f"{key}_cpu", "... CPU ms each")


MEASURE = Measure(
    "query", tuple(figures("query", _QUERIES, FULL.cohort, {})), take, service=Service.QUERY
)
