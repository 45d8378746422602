"""QIDO-RS over 100,000 studies; for pacsd, with the index that `query-scale` fills directly."""

from collections.abc import Iterator

from contrib.bench import web_drive
from contrib.bench.figures import FULL, Figure, Measure, Scale, Values
from contrib.bench.query_scale import indexed
from contrib.bench.servers import Peer, Service
from contrib.bench.web_searches import SEARCHES

_KEY = "<= 3"
_SEARCHES = {
    "study-uid": ("Study Instance UID", _KEY),
    "patient-id": ("Patient ID", _KEY),
    "accession": ("Accession Number", _KEY),
    "two-days": ("Study Date, a range of two days", "<= 10"),
    "smith": ("Patient's Name SMITH*", ""),
    "mith": ("Patient's Name *MITH*", ""),
    "page": ("the first page", ""),
    "middle-page": ("the page after half of them", ""),
}


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server."""
    values: Values = {}
    with indexed(peer, scale) as server:
        for name in _SEARCHES:
            began_s = server.cpu_s()
            report = web_drive.search(peer, server, name, scale.indexed, scale.seconds)
            if report is not None:
                key = f"web_scale_{name}"
                values[key] = report["p50_ms"]
                values[f"{key}_p95"] = report["p95_ms"]
                cpu_ms = (server.cpu_s() - began_s) * 1e3
                values[f"{key}_cpu"] = cpu_ms / (report["total"] or 1)
    return values


def _figures() -> Iterator[Figure]:
    for name, (text, target) in _SEARCHES.items():
        key = f"web_scale_{name}"
        title = f"QIDO-RS, {text} ({SEARCHES[name](FULL.indexed, 0).matches:,} matches)"
        yield Figure(key, f"{title}: p50 ms", target)
        yield Figure(f"{key}_p95", "... p95 ms")
        yield Figure(f"{key}_cpu", "... CPU ms each")


MEASURE = Measure("web-scale", tuple(_figures()), take, only=("pacsd",), service=Service.WEB)
