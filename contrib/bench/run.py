"""Measure pacsd side by side with DCMTK, Orthanc and pynetdicom, and print a Markdown table.

What is measured how, and its traps: RESULTS.md. Everything stays on loopback.
"""

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from contrib.bench import (
    associate,
    drive,
    echo,
    forward,
    forward_dead,
    held,
    hooks,
    idle,
    jobs,
    misbehaving,
    power_cut,
    query,
    query_scale,
    retrieve,
    rules,
    startup,
    store,
    web,
    web_busy,
    web_long,
    web_scale,
    web_stow,
)
from contrib.bench.cohort import SERIES
from contrib.bench.figures import FULL, QUICK, Measure, Scale
from contrib.bench.servers import PEERS, Peer
from contrib.bench.table import Taken, table
from contrib.bench.variants import VARIANTS

KNOWN = {**PEERS, **VARIANTS}

MEASURES = {
    module.MEASURE.name: module.MEASURE
    for module in (
        associate,
        echo,
        idle,
        held,
        hooks,
        rules,
        forward,
        forward_dead,
        misbehaving,
        startup,
        store,
        query,
        query_scale,
        retrieve,
        web,
        web_long,
        web_scale,
        web_stow,
        web_busy,
        jobs,
        power_cut,
    )
}


def take_rounds(measure: Measure, peers: Sequence[Peer], scale: Scale) -> Taken:
    """Measure the peers in turn, A B C, A B C ...: what disturbs the machine disturbs them all."""
    taken: Taken = {figure.key: {} for figure in measure.figures}
    wanted = list(filter(measure.is_for, peers))
    for number in range(scale.rounds):
        for peer in wanted:
            print(f"{measure.name} {number + 1}/{scale.rounds} {peer.name}", file=sys.stderr)
            values = measure.take(peer, scale)
            for figure in measure.figures:
                if not figure.only or peer.name in figure.only:
                    taken[figure.key].setdefault(peer.name, []).append(values.get(figure.key))
    return taken


def machine() -> list[str]:
    """What the figures depend on, apart from the code."""
    used, there = len(os.sched_getaffinity(0)), os.cpu_count()
    cores = f"{used} of {there} cores ({_processor()})"
    system = f"Linux {platform.release().split('-')[0]}, Python {platform.python_version()}"
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return [cores, system, f"load before the run {load}"]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=", ".join(MEASURES))
    parser.add_argument("--quick", action="store_true", help="one small round: does it work?")
    parser.add_argument("--rounds", type=int, help=f"default {FULL.rounds}")
    parser.add_argument(
        "--peers",
        default=",".join(PEERS),
        help=f"default %(default)s; there are {', '.join(VARIANTS)}, too",
    )
    parser.add_argument("--one-core", action="store_true", help="servers and client share a core")
    parser.add_argument(
        "--indexed",
        type=int,
        help="instances of the 100,000 studies of query-scale and web-scale",
    )
    parser.add_argument("--forwarded", type=int, help="slices of the CT of forward-dead")
    parser.add_argument("--rows", type=int, help="of each of them; default 512, which is 0.5 MB")
    parser.add_argument(
        "--archives", type=Path, help="keep filled archives in this folder for another run"
    )
    parser.add_argument("--json", type=Path, help="write every round's values to this file")
    wanted = parser.parse_args(arguments)
    for name in wanted.measures:
        if name not in MEASURES:
            parser.error(f"no measure {name!r}; there are {', '.join(MEASURES)}")
    for name in wanted.peers.split(","):
        if name not in KNOWN:
            parser.error(f"no peer {name!r}; there are {', '.join(KNOWN)}")
    return wanted


def _installed(names: Sequence[str]) -> list[Peer]:
    for name in names:
        if not KNOWN[name].is_installed():
            print(f"{name} is left out: {KNOWN[name].program} is not installed", file=sys.stderr)
    return [KNOWN[name] for name in names if KNOWN[name].is_installed()]


@contextmanager
def _archives(wanted: Path | None) -> Iterator[Path]:
    """The folder for filled archives: the one that is wanted, or one that goes with the run."""
    if wanted is not None:
        yield wanted.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="pacsd-bench-") as name:
        yield Path(name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the measures."""
    wanted = _arguments(arguments)
    scale = QUICK if wanted.quick else FULL
    scale = replace(scale, rounds=wanted.rounds or scale.rounds)
    if wanted.indexed:
        images = max(1, wanted.indexed // scale.indexed.studies // SERIES)
        scale = replace(scale, indexed=replace(scale.indexed, images=images))
    scale = replace(
        scale,
        forwarded=wanted.forwarded or scale.forwarded,
        forwarded_rows=wanted.rows or scale.forwarded_rows,
    )
    measures = [MEASURES[name] for name in wanted.measures or MEASURES]
    peers = [
        peer
        for peer in _installed(wanted.peers.split(","))
        if any(measure.is_for(peer) for measure in measures)
    ]
    drive.raise_file_limit()
    if wanted.one_core:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    description = [*machine(), *dict.fromkeys(peer.version() for peer in peers)]
    taken: Taken = {}
    with _archives(wanted.archives) as folder:
        scale = replace(scale, folder=folder)
        for measure in measures:
            taken |= take_rounds(measure, peers, scale)
    figures = [figure for measure in measures for figure in measure.figures]
    print("\n".join([*description, "", *table(figures, [peer.name for peer in peers], taken)]))
    if wanted.json:
        record = {"description": description, "rounds": taken}
        wanted.json.write_text(json.dumps(record, indent=1), encoding="utf-8")


if __name__ == "__main__":
    # Leave by the `finally`s, so that the servers are stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    main()
