"""What a plugin's process may have, and that it ends with the daemon (Linux)."""

import ctypes
import os
import resource
import signal

_PR_SET_PDEATHSIG = 1


def limit_memory(memory_mb: int) -> None:
    """At most so much memory of its own; no core file, which would hold patients' data."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb * 1024**2,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def end_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however that ends.

    Raises:
        ProcessLookupError: the parent has ended already.
        OSError: the kernel will not.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    if os.getppid() != parent:
        raise ProcessLookupError(f"process {parent} has ended")


def resident_bytes(pid: int) -> int | None:
    """What a process has in memory, None when it is gone."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as statm:  # noqa: PTH123 - no path of ours
            pages = int(statm.read().split()[1])
    except OSError:
        return None
    return pages * resource.getpagesize()
