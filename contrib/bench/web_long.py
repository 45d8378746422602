"""DICOMweb metadata of a study of 5,000 small CT slices, each with some 220 elements, in JSON."""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from contrib.bench import messages, servers, web_drive
from contrib.bench.archives import NotFilled, filled
from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.peak import peak_memory
from contrib.bench.servers import Peer, Server, Service
from contrib.bench.settling import settle
from contrib.bench.wire import Report


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server, just started with the study in it: the first answer, and later ones."""
    objects = scale.long_slices
    try:
        folder = filled(f"web-long-{objects}", peer, scale, partial(_fill, peer, objects))
    except NotFilled as error:
        print(error, file=sys.stderr)
        return {}
    with servers.running(peer, folder) as server:
        first = _asked(peer, server, objects, 0)
        then = _asked(peer, server, objects, scale.seconds)
    # What the first request brought was not looked into while the clock ran.
    if first is None or then is None or first.report["bytes"] != then.report["bytes"]:
        return {}
    return first.values("web_long_first", objects) | then.values("web_long_then", objects)


def _fill(peer: Peer, slices: int, folder: Path) -> None:
    with servers.running(peer, folder) as server:
        web_drive.store_slices(peer, server, slices, messages.SMALL_ROWS)
        settle(server)


class _Asked:
    """What asking brought, and what it took."""

    def __init__(self, report: Report, cpu_s: float, peak_mb: float) -> None:
        self.report = report
        self._cpu_s = cpu_s
        self._peak_mb = peak_mb

    def values(self, key: str, objects: int) -> Values:
        """Its figures; CPU time is that of all requests made."""
        made = self.report["total"] or 1
        return {
            key: objects / (self.report["p50_s"] or 1),
            f"{key}_cpu": self._cpu_s / made / objects * 1e6,
            f"{key}_peak": self._peak_mb,
        }


def _asked(peer: Peer, server: Server, objects: int, seconds: float) -> _Asked | None:
    began_s = server.cpu_s()
    with peak_memory(server) as peak:
        report = web_drive.ask_long(peer, server, objects, seconds)
    return None if report is None else _Asked(report, server.cpu_s() - began_s, peak.mb)


def _figures() -> Iterator[Figure]:
    title = "Metadata of 5,000 slices, first after the start: instances/s"
    for key, text in (("web_long_first", title), ("web_long_then", "... then: instances/s")):
        yield Figure(key, text, ">= 20,000")
        yield Figure(f"{key}_cpu", "... CPU µs each")
        yield Figure(f"{key}_peak", "... peak memory MB")


MEASURE = Measure("web-long", tuple(_figures()), take, service=Service.WEB)
