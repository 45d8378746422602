"""DICOMweb as the client of the measures speaks it."""

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from statistics import median, quantiles

from contrib.bench import messages, slices
from contrib.bench.cohort import Cohort
from contrib.bench.http_wire import Answer, Web, succeeded
from contrib.bench.web_searches import SEARCHES, Search
from contrib.bench.wire import NoAnswer, Report

JSON = "application/dicom+json"
FRAME = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
STUDY = 'multipart/related; type="application/dicom"; transfer-syntax=*'

TIMES = 9
"""A request that takes long is made so often, and the middle counts."""

DIFFERENT = 200
"""So many searches are made beforehand, of studies at random, and asked in turn."""


def run_web(
    port: int, timeout_s: float, root: str, ask: str, clients: int, seconds: float
) -> Report:
    """Ask for one thing, in one way."""
    return _ASKS[ask](port, timeout_s, root, clients, seconds)


def run_search(
    port: int, timeout_s: float, root: str, query: str, cohort: Cohort, seconds: float
) -> Report:
    """One search after the other on one connection; each must give the matches that are right."""
    web, searches = Web(port, timeout_s), _searches(query, cohort)
    _search(web, root, searches[-1])
    took: list[float] = []
    ends = time.perf_counter() + seconds
    while len(took) < TIMES or time.perf_counter() < ends:
        took.append(_search(web, root, searches[len(took) % len(searches)]))
    return {
        "p50_ms": median(took) * 1e3,
        "p95_ms": quantiles(took, n=20, method="inclusive")[-1] * 1e3,
        "total": len(took) + 1,
    }


def _searches(query: str, cohort: Cohort) -> list[Search]:
    chance = random.Random(1)
    made = range(min(DIFFERENT, cohort.studies))
    return [SEARCHES[query](cohort, chance.randrange(cohort.studies)) for _ in made]


def _search(web: Web, root: str, search: Search) -> float:
    """The seconds that it took; the matches are counted beside the clock."""
    began = time.perf_counter()
    answer = web.get(root + search.path, accept=JSON, keeps=True)
    took_s = time.perf_counter() - began
    found = len(json.loads(succeeded(answer).content))
    if found != search.matches:
        raise NoAnswer(f"{search.path}: {found} matches instead of {search.matches}")
    return took_s


def run_long(port: int, timeout_s: float, root: str, objects: int, seconds: float) -> Report:
    """Metadata of a long study, once; with `seconds` for so long, and then of so many instances.

    Every answer must have as many bytes. Their number is looked at last, once, beside the clock.
    """
    web, path = Web(port, timeout_s), f"{root}/studies/{slices.STUDY}/metadata"
    took: list[float] = []
    lengths = set()
    ends = time.perf_counter() + seconds
    while not took or time.perf_counter() < ends:
        began = time.perf_counter()
        lengths.add(succeeded(web.get(path, accept=JSON)).content_bytes)
        took.append(time.perf_counter() - began)
    total = len(took)
    if seconds:
        answer = succeeded(web.get(path, accept=JSON, keeps=True))
        lengths.add(answer.content_bytes)
        total += 1
        found = len(json.loads(answer.content))
        if found != objects:
            raise NoAnswer(f"metadata of {found} instances instead of {objects}")
    if len(lengths) > 1:
        raise NoAnswer(f"metadata of {sorted(lengths)} bytes")
    return {"p50_s": median(took), "total": total, "bytes": lengths.pop()}


def _metadata(port: int, timeout_s: float, root: str, _: int, __: float) -> Report:
    web, path = Web(port, timeout_s), f"{root}/studies/{slices.STUDY}/metadata"
    took: list[float] = []
    answer = Answer(0, 0, "")
    for _ in range(TIMES + 1):
        began = time.perf_counter()
        answer = succeeded(web.get(path, accept=JSON))
        took.append(time.perf_counter() - began)
    report: Report = {
        "first_ms": took[0] * 1e3,
        "p50_ms": median(took[1:]) * 1e3,
        "bytes": answer.content_bytes,
    }
    if answer.tag:
        report["known_ms"] = median(_known(web, path, answer.tag) for _ in range(TIMES)) * 1e3
    return report


def _of_ct(port: int, timeout_s: float, root: str, _: int, __: float) -> Report:
    """A search of all instances of the CT: the same number each time."""
    web, path = Web(port, timeout_s), f"{root}/studies/{slices.STUDY}/instances"
    found = {len(_instances(port, timeout_s, root))}
    took: list[float] = []
    for _ in range(TIMES):
        began = time.perf_counter()
        answer = succeeded(web.get(path, accept=JSON, keeps=True))
        took.append(time.perf_counter() - began)
        found.add(len(json.loads(answer.content)))
    if len(found) > 1:
        raise NoAnswer(f"{sorted(found)} instances of one study")
    return {"p50_ms": median(took) * 1e3, "total": len(took)}


def _known(web: Web, path: str, tag: str) -> float:
    began = time.perf_counter()
    if web.get(path, accept=JSON, tag=tag).status != HTTPStatus.NOT_MODIFIED:
        raise NoAnswer("what is known was sent again")
    return time.perf_counter() - began


def _study(port: int, timeout_s: float, root: str, _: int, __: float) -> Report:
    web, path = Web(port, timeout_s), f"{root}/studies/{slices.STUDY}"
    rates = []
    for _ in range(TIMES // 2):
        began = time.perf_counter()
        answer = succeeded(web.get(path, accept=STUDY))
        rates.append(answer.content_bytes / (time.perf_counter() - began) / 1e6)
    return {"mb_per_s": median(rates), "total": len(rates)}


def _frames(port: int, timeout_s: float, root: str, clients: int, seconds: float) -> Report:
    """Frames of the CT, each of the clients on a connection of its own.

    `began_s` and `ended_s` are of `time.monotonic`, which all processes have in common.
    """
    uids = _instances(port, timeout_s, root)
    ends = time.perf_counter() + seconds
    counts: list[int] = []
    took: list[float] = []

    def ask(first: int) -> None:
        web, count = Web(port, timeout_s), 0
        while not count or time.perf_counter() < ends:
            uid = uids[(first + count) % len(uids)]
            path = f"{root}/studies/{slices.STUDY}/series/{slices.SERIES}/instances/{uid}/frames/1"
            began = time.perf_counter()
            answer = succeeded(web.get(path, accept=FRAME))
            took.append(time.perf_counter() - began)
            if answer.content_bytes < messages.CT_ROWS**2 * 2:
                raise NoAnswer("less than a frame")
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=ask, args=(client * 17,)) for client in range(clients)]
    began_s = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended_s = time.monotonic()
    if len(counts) < clients:
        raise NoAnswer("not all clients got their frames")
    took.sort()
    total = sum(counts)
    return {
        "per_s": total / (ended_s - began_s),
        "total": total,
        "p50_ms": median(took) * 1e3,
        "p95_ms": took[int(len(took) * 0.95)] * 1e3,
        "began_s": began_s,
        "ended_s": ended_s,
    }


def _instances(port: int, timeout_s: float, root: str) -> list[str]:
    path = f"{root}/studies/{slices.STUDY}/series/{slices.SERIES}/instances"
    found = succeeded(Web(port, timeout_s).get(path, accept=JSON, keeps=True))
    return [each["00080018"]["Value"][0] for each in json.loads(found.content)]


_ASKS: Mapping[str, Callable[[int, float, str, int, float], Report]] = {
    "instances": _of_ct,
    "metadata": _metadata,
    "study": _study,
    "frames": _frames,
}

ASKS = tuple(_ASKS)
