"""The most memory that a server takes in a span of time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from contrib.bench.servers import Server

EVERY_S = 0.1
"""Between two looks: each costs some milliseconds."""


class Peak:
    """The highest memory seen."""

    def __init__(self) -> None:
        self.kib = 0


@contextmanager
def peak_memory(server: Server) -> Iterator[Peak]:
    """Look at a server's memory until the context ends."""
    peak, is_over = Peak(), threading.Event()

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
