"""C-STORE at full rate for as long as somebody is interested; what was stored in a span is told."""

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Protocol

from contrib.bench import messages
from contrib.bench.wire import NoAnswer, Report, associate, connect, read_pdu, release
from pacsd.ul.pdu import PDUType


class Message:
    """A C-STORE-RQ as PDUs; that of another instance is made of it by writing over its UID."""

    def __init__(self, max_length_bytes: int, rows: int) -> None:
        placeholder = messages.PLACEHOLDER_UID.encode()
        self.pdus = bytearray(messages.store_message(max_length_bytes, rows))
        self._length = len(placeholder)
        self._places = list(_places(self.pdus, placeholder))

    def become(self, serial: int) -> None:
        """Be the request to store the instance of that number, below 10 ** 12."""
        uid = messages.uid(serial).encode()
        for place in self._places:
            self.pdus[place : place + self._length] = uid


def _places(content: bytearray, part: bytes) -> Iterator[int]:
    at = content.find(part)
    while at >= 0:
        yield at
        at = content.find(part, at + len(part))


class Stores(Protocol):
    """Who stores, as far as it tells of it."""

    stored_s: list[float]
    has_ended: bool


class Sender:
    """Stores one instance after the other on an association; `stored_s` says when each was.

    Of `time.monotonic`, which all processes of a machine have in common.
    """

    def __init__(self, port: int, timeout_s: float, rows: int, serials: Iterator[int]) -> None:
        self.connection = connect(port, timeout_s)
        answer = associate(self.connection, messages.ASSOCIATE_RQ_STORE)
        self._message = Message(messages.max_length(answer), rows)
        self._serials = serials
        self.stored_s: list[float] = []
        self.has_begun = threading.Event()
        """Or will not."""
        self.has_ended = False
        self.failure = ""

    def run(self, is_over: threading.Event) -> None:
        """Store until it is over, or an instance is not stored."""
        try:
            while not is_over.is_set():
                self._store(next(self._serials))
                self.stored_s.append(time.monotonic())
                self.has_begun.set()
        except (OSError, NoAnswer) as error:
            self.failure = f"instance {len(self.stored_s) + 1} of a sender: {error}"
            print(self.failure, file=sys.stderr)
        finally:
            self.has_ended = True
            self.has_begun.set()

    def _store(self, serial: int) -> None:
        self._message.become(serial)
        self.connection.sendall(self._message.pdus)
        if not messages.is_success(read_pdu(self.connection, PDUType.P_DATA_TF)):
            raise NoAnswer("not stored")


def run_storing(
    port: int, timeout_s: float, clients: int, rows: int, seconds: float
) -> Iterator[Report]:
    """Store with so many senders until the end of stdin, `seconds` at most.

    Tells when all have begun. For each line of stdin, the begin and the end of a span of
    `time.monotonic`, tells the rate in it, which is none where a sender has ended.
    """
    first = time.time_ns() // 1_000_000 % 10**9 * 1000
    senders = [
        Sender(port, timeout_s, rows, count(first + number, clients)) for number in range(clients)
    ]
    is_over = threading.Event()
    threads = [threading.Thread(target=sender.run, args=(is_over,)) for sender in senders]
    bound = threading.Timer(seconds, is_over.set)
    bound.daemon = True
    for thread in (*threads, bound):
        thread.start()
    try:
        for sender in senders:
            sender.has_begun.wait()
        yield {"clients": sum(not sender.has_ended for sender in senders)}
        for line in sys.stdin:
            begin_s, end_s = map(float, line.split())
            yield {"per_s": rate(senders, begin_s, end_s)}
    finally:
        bound.cancel()
        is_over.set()
        for thread in threads:
            thread.join()
    for sender in senders:
        if not sender.failure:
            release(sender.connection)


def rate(senders: Iterable[Stores], begin_s: float, end_s: float) -> float | None:
    """Instances a second in a span; None if not all were storing to its end."""
    everyone = list(senders)
    stored = sum(begin_s <= at < end_s for sender in everyone for at in list(sender.stored_s))
    if any(sender.has_ended for sender in everyone):
        return None
    return stored / (end_s - begin_s)
