"""The most memory that a server takes in a span of time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from contrib.bench.servers import Server

EVERY_S = 0.1
"""Between two looks: each costs some milliseconds."""


class Peak:
    """The highest memory seen, and how much there was before."""

    def __init__(self, before_kib: int) -> None:
        self._before_kib = before_kib
        self.kib = before_kib

    @property
    def mb(self) -> float:
        """The highest, in MB."""
        return self.kib * 1024 / 1e6

    @property
    def grown_mb(self) -> float:
        """How much more that is than before, in MB."""
        return (self.kib - self._before_kib) * 1024 / 1e6


@contextmanager
def peak_memory(server: Server) -> Iterator[Peak]:
    """Look at a server's memory until the context ends."""
    peak, is_over = Peak(server.memory_kib()), threading.Event()

    def look() -> None:
        while True:
            peak.kib = max(peak.kib, server.memory_kib())
            if is_over.wait(EVERY_S):
                return

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peak
    finally:
        is_over.set()
        watcher.join()
