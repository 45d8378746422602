"""What a process and all it has started take, from /proc (Linux)."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Status:
    """One line of /proc/PID/stat."""

    parent: int
    cpu_ticks: int


def tree(root: int) -> dict[int, Status]:
    """The process and its living descendants, zombies included."""
    everyone = {
        int(entry.name): _status(entry) for entry in _PROC.iterdir() if entry.name.isdigit()
    }
    children: dict[int, list[int]] = {}
    for number, status in everyone.items():
        if status is not None:
            children.setdefault(status.parent, []).append(number)
    found: dict[int, Status] = {}
    waiting = [root]
    while waiting:
        number = waiting.pop()
        status = everyone.get(number)
        if status is not None:
            found[number] = status
        waiting += children.get(number, ())
    return found


def cpu_s(root: int) -> float:
    """User and system time of the tree so far, that of children already reaped included."""
    return sum(status.cpu_ticks for status in tree(root).values()) / _TICKS_PER_S


def memory_kib(root: int) -> int:
    """Proportional set size of the tree: what its processes share counts once."""
    return sum(_rollup(number, "Pss:") for number in tree(root))


def resident_kib(root: int) -> int:
    """Resident set size of the tree: what its processes share counts for each."""
    return sum(_rollup(number, "Rss:") for number in tree(root))


def _status(entry: Path) -> Status | None:
    try:
        text = (entry / "stat").read_text()
    except OSError:
        return None
    # The name, in parentheses, may hold anything; the fields after it are numbered from 3 on.
    fields = text.rpartition(")")[2].split()
    utime, stime, cutime, cstime = map(int, fields[11:15])
    return Status(int(fields[1]), utime + stime + cutime + cstime)


def _rollup(number: int, field: str) -> int:
    try:
        text = (_PROC / str(number) / "smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(field)), 0)
