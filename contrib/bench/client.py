"""The DICOM client of the measures, a process of its own so that its CPU time is not counted.

Plain blocking sockets and PDUs encoded beforehand: a client that thinks would be the slowest part.
It prints its report as one line of JSON; started as `client.py MODE PORT ...` by `drive.py`.
"""

import argparse
import json
import random
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from statistics import median

from contrib.bench import messages
from contrib.bench.cohort import Cohort
from contrib.bench.find_client import run_fill, run_find
from contrib.bench.queries import QUERIES
from contrib.bench.retrieve_client import run_get, run_move
from contrib.bench.storing_client import run_storing
from contrib.bench.stow_client import run_large, run_slices
from contrib.bench.web_client import ASKS, run_long, run_search, run_web
from contrib.bench.web_searches import SEARCHES
from contrib.bench.wire import NoAnswer, Report, associate, connect, echo, read_pdu, release
from pacsd.ul.pdu import PDUType

OPENING_TIMEOUT_S = 15.0
"""No more idle associations are opened after this time."""

ASKING_TIMEOUT_S = 10.0
"""No more of them are asked after this time."""

PACE_S = 0.004
"""Between one C-ECHO and the next of those whose time is told."""

WARM_UP = 0.2
"""The part of the time before counting begins."""

_CONVERSATION = (messages.ASSOCIATE_RQ_ECHO, messages.ECHO_RQ, messages.RELEASE_RQ)
_ANSWERS = (PDUType.ASSOCIATE_AC, PDUType.P_DATA_TF, PDUType.RELEASE_RP)


class Count:
    """Counts what happens in a span of time, without its first part."""

    def __init__(self, seconds: float) -> None:
        now = time.perf_counter()
        self._counts_from = now + seconds * WARM_UP
        self._ends = now + seconds
        self._last = now
        self.counted = 0
        self.total = 0

    def add(self) -> bool:
        """One more; False when the time is over."""
        self._last = time.perf_counter()
        self.total += 1
        if self._last >= self._counts_from:
            if not self.counted:
                self._counts_from = self._last
            self.counted += 1
        return self._last < self._ends

    def report(self) -> Report:
        """Operations per second, and all that were made."""
        # The first one counted only starts the clock.
        span_s = self._last - self._counts_from
        per_s = (self.counted - 1) / span_s if self.counted > 1 else None
        return {"per_s": per_s, "total": self.total}


def run_echo(port: int, seconds: float, timeout_s: float) -> Report:
    """C-ECHO after C-ECHO on one association."""
    connection = connect(port, timeout_s)
    associate(connection, messages.ASSOCIATE_RQ_ECHO)
    count = Count(seconds)
    echo(connection)
    while count.add():
        echo(connection)
    release(connection)
    return count.report()


def run_paced(port: int, seconds: float, timeout_s: float) -> Report:
    """A C-ECHO every few milliseconds on one association: how long each took."""
    connection = connect(port, timeout_s)
    associate(connection, messages.ASSOCIATE_RQ_ECHO)
    took_ms: list[float] = []
    ends = time.perf_counter() + seconds
    while (began := time.perf_counter()) < ends:
        echo(connection)
        took_ms.append(1e3 * (time.perf_counter() - began))
        time.sleep(PACE_S)
    release(connection)
    took_ms.sort()
    hundredth = took_ms[min(len(took_ms) - 1, len(took_ms) * 99 // 100)]
    return {"p50_ms": median(took_ms), "p99_ms": hundredth, "most_ms": took_ms[-1]}


def run_associate(port: int, seconds: float, timeout_s: float, clients: int) -> Report:
    """Open, C-ECHO, release: each of the clients begins again as soon as it is done."""
    count = Count(seconds)
    open_ones: dict[int, tuple[socket.socket, int]] = {}
    with select.epoll() as poll:

        def begin() -> None:
            connection = connect(port, timeout_s)
            connection.sendall(_CONVERSATION[0])
            open_ones[connection.fileno()] = (connection, 0)
            poll.register(connection, select.EPOLLIN)

        for _ in range(clients):
            begin()
        while open_ones:
            ready = poll.poll(timeout_s)
            if not ready:
                raise NoAnswer("no answer in time")
            for number, _ in ready:
                connection, step = open_ones.pop(number)
                if _took_step(connection, step):
                    open_ones[number] = (connection, step + 1)
                elif count.add():
                    begin()
    return count.report()


def _took_step(connection: socket.socket, step: int) -> bool:
    """Read an answer and send the next request; False if that was the last answer."""
    answer = read_pdu(connection, _ANSWERS[step])
    if step + 1 == len(_CONVERSATION):
        connection.close()
        return False
    if _ANSWERS[step] == PDUType.P_DATA_TF and not messages.is_success(answer):
        raise NoAnswer("C-ECHO failed")
    connection.sendall(_CONVERSATION[step + 1])
    return True


def run_hold(port: int, timeout_s: float, associations: int) -> Iterator[Report]:
    """Hold idle associations; for each number read from stdin ask so many of them, at random.

    Abort them all at the end of stdin.
    """
    held: list[socket.socket] = []
    began = time.perf_counter()
    try:
        while len(held) < associations and time.perf_counter() - began < OPENING_TIMEOUT_S:
            held.append(connect(port, timeout_s))
            associate(held[-1], messages.ASSOCIATE_RQ_ECHO)
    except OSError:
        pass
    except NoAnswer:
        held.pop().close()
    yield {"held": len(held), "seconds": time.perf_counter() - began}
    for line in sys.stdin:
        yield _ask(random.sample(held, min(int(line), len(held))))
    for connection in held:
        with suppress(OSError):
            connection.sendall(messages.ABORT)
        connection.close()


def _ask(some: list[socket.socket]) -> Report:
    """Echo on each in turn until one does not answer; once is enough to know."""
    took_s: list[float] = []
    asked = 0
    ends = time.perf_counter() + ASKING_TIMEOUT_S
    with suppress(OSError, NoAnswer):
        for connection in some:
            began = time.perf_counter()
            if began > ends:
                break
            asked += 1
            echo(connection)
            took_s.append(time.perf_counter() - began)
    report: Report = {"asked": asked, "answered": len(took_s)}
    if took_s:
        report["median_ms"] = median(took_s) * 1e3
    return report


def run_store(port: int, timeout_s: float, clients: int, objects: int, rows: int) -> Report:
    """C-STORE different objects, encoded before the clock starts, on one association per client."""
    connections = [connect(port, timeout_s) for _ in range(clients)]
    answers = [associate(connection, messages.ASSOCIATE_RQ_STORE) for connection in connections]
    template = messages.store_message(messages.max_length(answers[0]), rows)
    first = time.time_ns() // 1_000_000 % 10**9 * 1000
    shares = [
        [messages.with_uid(template, first + serial) for serial in range(client, objects, clients)]
        for client in range(clients)
    ]
    stored: list[int] = []
    threads = [
        threading.Thread(target=lambda pair=pair: stored.append(_store_all(*pair)))
        for pair in zip(connections, shares, strict=True)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.perf_counter() - began
    if sum(stored) != objects:
        raise NoAnswer(f"{sum(stored)} of {objects} objects stored")
    for connection in connections:
        release(connection)
    return {"per_s": objects / took_s, "total": objects}


def _store_all(connection: socket.socket, requests: list[bytes]) -> int:
    """Store one after the other; gives how many succeeded before the first that did not."""
    for done, request in enumerate(requests):
        try:
            connection.sendall(request)
            answer = read_pdu(connection, PDUType.P_DATA_TF)
        except (OSError, NoAnswer):
            return done
        if not messages.is_success(answer):
            return done
    return len(requests)


def _reports(wanted: argparse.Namespace) -> Iterator[Report]:
    port, timeout_s = wanted.port, wanted.timeout_s
    if wanted.mode == "hold":
        yield from run_hold(port, timeout_s, wanted.associations)
    elif wanted.mode == "storing":
        yield from run_storing(port, timeout_s, wanted.clients, wanted.rows, wanted.seconds)
    else:
        yield _ONCE[wanted.mode](port, timeout_s, wanted)


_ONCE: Mapping[str, Callable[[int, float, argparse.Namespace], Report]] = {
    "echo": lambda port, timeout_s, asked: run_echo(port, asked.seconds, timeout_s),
    "paced": lambda port, timeout_s, asked: run_paced(port, asked.seconds, timeout_s),
    "associate": lambda port, timeout_s, asked: run_associate(
        port, asked.seconds, timeout_s, asked.clients
    ),
    "store": lambda port, timeout_s, asked: run_store(
        port, timeout_s, asked.clients, asked.objects, asked.rows
    ),
    "fill": lambda port, timeout_s, asked: run_fill(
        port, timeout_s, asked.cohort, range(asked.first, asked.end)
    ),
    "find": lambda port, timeout_s, asked: run_find(
        port, asked.seconds, timeout_s, asked.query, asked.cohort
    ),
    "get": lambda port, timeout_s, _: run_get(port, timeout_s),
    "web": lambda port, timeout_s, asked: run_web(
        port, timeout_s, asked.root, asked.ask, asked.clients, asked.seconds
    ),
    "long": lambda port, timeout_s, asked: run_long(
        port, timeout_s, asked.root, asked.objects, asked.seconds
    ),
    "search": lambda port, timeout_s, asked: run_search(
        port, timeout_s, asked.root, asked.query, asked.cohort, asked.seconds
    ),
    "slices": lambda port, timeout_s, asked: run_slices(
        port, timeout_s, asked.root, asked.objects, asked.rows, asked.together
    ),
    "large": lambda port, timeout_s, asked: run_large(port, timeout_s, asked.root, asked.objects),
    "move": lambda port, timeout_s, asked: run_move(
        port, timeout_s, asked.clients, asked.destination
    ),
}
"""Modes with one report."""


def main() -> None:
    """Run one mode; a server that does not answer is told on stderr with exit status 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=(*_ONCE, "hold", "storing"))
    parser.add_argument("port", type=int)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--timeout-s", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--associations", type=int, default=100)
    parser.add_argument("--objects", type=int, default=20)
    parser.add_argument("--rows", type=int, default=messages.CT_ROWS)
    parser.add_argument("--query", choices=(*QUERIES, *SEARCHES))
    parser.add_argument("--cohort", type=Cohort.parse)
    parser.add_argument("--first", type=int, default=0, help="study to fill in")
    parser.add_argument("--end", type=int, default=1, help="first study not to fill in")
    parser.add_argument("--together", type=int, default=1, help="objects in a request")
    parser.add_argument("--root", help="path of DICOMweb")
    parser.add_argument("--ask", choices=ASKS, help="what, of DICOMweb")
    parser.add_argument("--destination", help="AE title for C-MOVE")
    try:
        for report in _reports(parser.parse_args()):
            print(json.dumps(report), flush=True)
    except (OSError, NoAnswer) as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
