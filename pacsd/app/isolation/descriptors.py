"""Open files that cross beside a channel, as descriptors (Linux, SCM_RIGHTS).

Whoever sends one names its number over the channel afterwards, so that it is there when the number
is read. What nobody takes is closed: the oldest when too many wait, all of them at the end.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from pacsd.app.isolation.errors import Misfit

MAX_UNTAKEN = 64
"""Descriptors that wait to be taken."""

_NUMBER_BYTES = 8


class Descriptors:
    """One end."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._numbers = count(1)
        self._untaken: dict[int, int] = {}

    def send(self, descriptor: int) -> int:
        """Send the file of a descriptor, which stays open here; its number.

        Raises:
            Misfit: the other end has not read those before, or is gone.
        """
        number = next(self._numbers)
        message = number.to_bytes(_NUMBER_BYTES, "big")
        try:
            socket.send_fds(self._connection, [message], [descriptor])
        except OSError as error:
            raise Misfit(f"a file, which cannot be passed on ({error})", "less") from error
        return number

    def take(self, number: int) -> int:
        """The descriptor of that number, once.

        Raises:
            Misfit: there is none.
        """
        self._read()
        descriptor = self._untaken.pop(number, None)
        if descriptor is None:
            raise Misfit(f"the number {number} of no file", "that of one that was sent")
        return descriptor

    def close(self) -> None:
        """Close this end, and what nobody took."""
        self._connection.close()
        while self._untaken:
            os.close(self._untaken.popitem()[1])

    def _read(self) -> None:
        """Take in all that has come."""
        while True:
            try:
                message, descriptors, _, _ = socket.recv_fds(
                    self._connection, _NUMBER_BYTES, 1, socket.MSG_CMSG_CLOEXEC
                )
            except OSError:
                return
            if not message and not descriptors:
                return
            for descriptor in descriptors:
                os.set_inheritable(descriptor, False)  # not every kernel does it by the flag
                self._keep(int.from_bytes(message, "big"), descriptor)

    def _keep(self, number: int, descriptor: int) -> None:
        before = self._untaken.pop(number, None)
        if before is not None:
            os.close(before)
        self._untaken[number] = descriptor
        if len(self._untaken) > MAX_UNTAKEN:
            os.close(self._untaken.pop(next(iter(self._untaken))))


@contextmanager
def descriptors_beside() -> Iterator[tuple[Descriptors, int]]:
    """This end, and the descriptor of the other one for a process that is begun within."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    descriptors = Descriptors(here)
    try:
        with there:
            yield descriptors, there.fileno()
    finally:
        descriptors.close()
