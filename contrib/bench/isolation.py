"""What one call of a hook costs in each home of a plugin: `python -m contrib.bench.isolation`.

The plugin is the example, contrib/examples/ae_prefix, and answers from memory: what is measured is
the way there and back. CPU of each side by itself; calls one after the other, and 32 at once.
"""

import argparse
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import anyio
import structlog
import uvloop

from contrib.bench.process_tree import tree
from pacsd.api.acceptance import AssociationRequest
from pacsd.api.plugin import Host
from pacsd.app.isolation.home import Enabled, Home
from pacsd.app.isolation.inline import InlineHome
from pacsd.app.isolation.process import GuestProcess
from pacsd.app.isolation.thread import ThreadHome

EXAMPLE = Path(__file__).resolve().parents[1] / "examples/ae_prefix"
HOOK = "pacsd_association_requested"
AT_ONCE = (1, 32)
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")

REQUEST = AssociationRequest(
    "CT1", "PACSD", "192.0.2.7", 5000, None, ("1.2.840.10008.5.1.4.1.1.2",), "1.2.3", "CT"
)


def homes() -> Mapping[str, Home]:
    """The example plugin, once in each home."""
    logger = structlog.get_logger("ae_prefix")
    enabled = Enabled("ae_prefix", "pacsd_ae_prefix:AEPrefix", {"prefixes": ["MR"]}, Path())
    host = Host(enabled.name, enabled.data_dir, logger)
    return {
        "inline": InlineHome(enabled, host),
        "thread": ThreadHome(enabled, host),
        "process": GuestProcess(enabled, host),
    }


def cpu_of(pid: int | None) -> float:
    """CPU seconds of a process so far, 0 of none."""
    return 0.0 if pid is None else tree(pid)[pid].cpu_ticks / _TICKS_PER_S


async def call(home: Home, calls: int) -> None:
    """Call one after the other."""
    for _ in range(calls):
        await home.call(HOOK, {"request": REQUEST})


async def measure(home: Home, calls: int, at_once: int) -> tuple[float, float, float]:
    """Microseconds for each call: elapsed, CPU here, CPU in the plugin's process."""
    pid = home.health().pid
    began_s, here_s, there_s = time.perf_counter(), time.process_time(), cpu_of(pid)
    async with anyio.create_task_group() as tasks:
        for _ in range(at_once):
            tasks.start_soon(call, home, calls // at_once)
    ended = time.perf_counter(), time.process_time(), cpu_of(pid)
    elapsed, here, there = (
        1e6 * (end - begin) / calls
        for end, begin in zip(ended, (began_s, here_s, there_s), strict=True)
    )
    return elapsed, here, there


async def main(calls: int) -> None:
    """Measure every home and print a table."""
    print("| home | at once | µs elapsed | CPU µs, daemon | CPU µs, process | s to start |")
    print("|---|---|---|---|---|---|")
    for name, home in homes().items():
        async with anyio.create_task_group() as tasks:
            began_s = time.perf_counter()
            await home.start(tasks)
            start_s = time.perf_counter() - began_s
            await call(home, calls // 10)
            for at_once in AT_ONCE:
                figures = " | ".join(f"{each:.0f}" for each in await measure(home, calls, at_once))
                print(f"| {name} | {at_once} | {figures} | {start_s:.2f} |")
            await home.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    sys.path.append(str(EXAMPLE))
    os.environ["PYTHONPATH"] = os.pathsep.join((os.environ.get("PYTHONPATH", ""), str(EXAMPLE)))
    uvloop.run(main(parser.parse_args().calls))
