"""A bad line between two sites: a relay that passes on bytes, and cuts connections by chance."""

import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.interop.peers import LOOPBACK

_READ_BYTES = 1 << 16
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closed by a reset


class BadLine:
    """Listens on `port`; connections go to `there`, which may change.

    Each lasts for a random number of bytes, up to `mean_bytes` twice, and is then closed or reset.
    """

    def __init__(self, there: int, mean_bytes: int, chance: random.Random) -> None:
        self.there = there
        self._mean_bytes = mean_bytes
        self._chance = chance
        self._server = socket.create_server((LOOPBACK, 0))
        self.port: int = self._server.getsockname()[1]
        self.cuts = 0
        self._passed = 0
        self._more = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._ends: set[socket.socket] = set()
        self._acceptor = threading.Thread(target=self._accept, name="bad line")
        self._acceptor.start()

    def wait_for(self, more_bytes: int, patience_s: float) -> None:
        """Wait until so many more bytes have gone to the other side, or for as long as that."""
        with self._more:
            enough = self._passed + more_bytes
            self._more.wait_for(lambda: self._passed >= enough, patience_s)

    def mend(self) -> None:
        """Cut no more connections that begin from now on."""
        self._mean_bytes = 0

    def close(self) -> None:
        """Take no more connections, and end those that there are."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._acceptor.join()
        for end in list(self._ends):
            _shut(end)
        for each in self._threads:
            each.join()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._relay, args=(near,), name="bad line")
            self._threads.append(thread)
            thread.start()

    def _relay(self, near: socket.socket) -> None:
        """One connection, until it ends or is cut."""
        with near, suppress(OSError), socket.create_connection((LOOPBACK, self.there)) as far:
            self._ends |= {near, far}
            left = self._chance.randrange(self._mean_bytes * 2) if self._mean_bytes else None
            back = threading.Thread(target=self._pass_on, args=(far, near, None), name="back")
            back.start()
            self._pass_on(near, far, left)
            back.join()
            self._ends -= {near, far}

    def _pass_on(self, source: socket.socket, sink: socket.socket, left: int | None) -> None:
        with suppress(OSError):
            while data := source.recv(_READ_BYTES):
                if left is not None and len(data) > left:
                    self._cut(source, sink)
                    return
                left = None if left is None else left - len(data)
                sink.sendall(data)
                with self._more:
                    self._passed += len(data)
                    self._more.notify_all()
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _cut(self, *ends: socket.socket) -> None:
        """Close both ends, or reset them: every second time."""
        self.cuts += 1
        is_reset = self.cuts % 2 == 0
        for end in ends:
            if is_reset:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            _shut(end)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def bad_line(there: int, mean_bytes: int, chance: random.Random) -> Iterator[BadLine]:
    """A bad line for as long as the block lasts."""
    line = BadLine(there, mean_bytes, chance)
    try:
        yield line
    finally:
        line.close()
