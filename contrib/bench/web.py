"""DICOMweb: searches of 400 studies with 20,000 images, and a CT of 500 slices of 0.5 MB.

The CT says of each slice what a scanner says, in some 220 elements.
"""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from contrib.bench import servers, web_drive
from contrib.bench.archives import NotFilled, filled
from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.filling import fill
from contrib.bench.peak import peak_memory
from contrib.bench.servers import Peer, Server, Service
from contrib.bench.settling import settle

_CLIENTS = (1, 8, 32)
_SEARCHES = {
    "patient-id": ("Patient ID", "1.5"),
    "study-date": ("Study Date", "3"),
    "smi": ("Patient's Name SMI*", ""),
    "page": ("a page of 50 studies", "5"),
    "all": ("all studies", "20"),
    "instances": ("50 instances of a study", ""),
}


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server."""
    values: Values = {}
    try:
        folder = filled(f"query-{scale.cohort}", peer, scale, partial(fill, peer, scale.cohort))
        with servers.running(peer, folder) as server:
            values |= _searches(peer, server, scale)
        folder = filled(f"web-{scale.slices}", peer, scale, partial(_fill, peer, scale.slices))
    except NotFilled as error:
        print(error, file=sys.stderr)
        return values
    with servers.running(peer, folder) as server:
        values |= _metadata(peer, server) | _instances(peer, server)
        values |= _frames(peer, server, scale) | _study(peer, server)
    return values


def _fill(peer: Peer, slices: int, folder: Path) -> None:
    with servers.running(peer, folder) as server:
        web_drive.store_slices(peer, server, slices)
        settle(server)


def _searches(peer: Peer, server: Server, scale: Scale) -> Values:
    values: Values = {}
    for name in _SEARCHES:
        began_s = server.cpu_s()
        report = web_drive.search(peer, server, name, scale.cohort, scale.seconds)
        if report is not None:
            values[f"web_{name}"] = report["p50_ms"]
            cpu_ms = (server.cpu_s() - began_s) * 1e3
            values[f"web_{name}_cpu"] = cpu_ms / (report["total"] or 1)
    return values


def _metadata(peer: Peer, server: Server) -> Values:
    """The first answer is that of a server just started, of what was stored before."""
    report = web_drive.ask(peer, server, "metadata") or {}
    names = {"first_ms": "first", "p50_ms": "warm", "known_ms": "known"}
    return {f"web_metadata_{names[key]}": report[key] for key in names if key in report}


def _instances(peer: Peer, server: Server) -> Values:
    report = web_drive.ask(peer, server, "instances")
    return {} if report is None else {"web_instances_ct": report["p50_ms"]}


def _frames(peer: Peer, server: Server, scale: Scale) -> Values:
    values: Values = {}
    for clients in _CLIENTS:
        began_s = server.cpu_s()
        with peak_memory(server) as peak:
            report = web_drive.ask(peer, server, "frames", clients, scale.seconds)
        if report is not None:
            cpu_ms = (server.cpu_s() - began_s) * 1e3
            values[f"web_frames_{clients}"] = report["per_s"]
            values[f"web_frames_{clients}_cpu"] = cpu_ms / (report["total"] or 1)
            values[f"web_frames_{clients}_peak"] = peak.mb
    return values


def _study(peer: Peer, server: Server) -> Values:
    with peak_memory(server) as peak:
        report = web_drive.ask(peer, server, "study")
    if report is None:
        return {}
    return {"web_study": report["mb_per_s"], "web_study_peak": peak.mb}


def _figures() -> Iterator[Figure]:
    for name, (title, target) in _SEARCHES.items():
        yield Figure(f"web_{name}", f"QIDO-RS, {title}: p50 ms", target)
        yield Figure(f"web_{name}_cpu", "... CPU ms each")
    yield Figure("web_metadata_first", "Metadata of 500 slices, first after the start: ms", "60")
    yield Figure("web_metadata_warm", "... then, p50 ms", "15")
    yield Figure("web_metadata_known", "... 304, p50 ms", "2", only=("pacsd",))
    yield Figure("web_instances_ct", "QIDO-RS, 500 instances of a study: p50 ms", "15")
    for clients in _CLIENTS:
        target = "1,000" if clients == 1 else "1,300"
        yield Figure(f"web_frames_{clients}", f"Frames of 0.5 MB, {clients} at once: /s", target)
        yield Figure(f"web_frames_{clients}_cpu", "... CPU ms each", "0.8")
        yield Figure(f"web_frames_{clients}_peak", "... peak memory MB")
    yield Figure("web_study", "Study of 500 slices: MB/s", "900")
    yield Figure("web_study_peak", "... peak memory MB")


MEASURE = Measure("web", tuple(_figures()), take, service=Service.WEB)
