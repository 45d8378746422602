"""The destination of C-MOVEs: a process that takes objects, answers, and keeps none of them."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from contrib.bench import messages, wire
from contrib.bench.inbox import Inbox
from contrib.bench.retrieve_client import Received, store_response
from pacsd.ul import encode
from pacsd.ul.decode import decode_associate_rq
from pacsd.ul.items import UserInformation
from pacsd.ul.pdu import HEADER_LENGTH, AssociateAC, ContextAnswer, ContextResult, ProposedContext

_BACKLOG = 16


class Sink:
    """The process, for who drives it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def received(self) -> Received:
        """What has come since this was asked last."""
        if self._process.stdin is not None:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        return self.read()

    def read(self) -> Received:
        """Its next report."""
        line = "" if self._process.stdout is None else self._process.stdout.readline()
        return Received(*json.loads(line))


@contextmanager
def running(port: int) -> Iterator[Sink]:
    """Have it listen at that port as long as the context lasts."""
    command = [sys.executable, str(Path(__file__)), str(port)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        sink = Sink(process)
        sink.read()
        yield sink


class _Books:
    """What all associations received together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received = Received()

    def add(self, data_set_bytes: int) -> None:
        with self._lock:
            self._received.objects += 1
            self._received.data_set_bytes += data_set_bytes

    def report(self) -> str:
        """One line, and begin anew."""
        with self._lock:
            received, self._received = self._received, Received()
        return json.dumps([received.objects, received.data_set_bytes])


def _serve(connection: socket.socket, books: _Books) -> None:
    """One association to its end."""
    inbox = Inbox(connection)
    with closing(connection), suppress(OSError, wire.NoAnswer):
        connection.sendall(_accepted(inbox.read_pdu()))
        while (message := inbox.read()) is not None:
            connection.sendall(store_response(message))
            books.add(message.data_set_bytes)
        connection.sendall(encode.RELEASE_RP)


def _accepted(associate_rq: bytes) -> bytes:
    """The A-ASSOCIATE-AC: every context that may have Explicit VR Little Endian."""
    request = decode_associate_rq(memoryview(associate_rq)[HEADER_LENGTH:])
    us = UserInformation(messages.OWN_MAX_LENGTH, messages.UID_ROOT, "PACSD_BENCH")
    contexts = tuple(map(_answered, request.contexts))
    accept = AssociateAC(request.called_ae, request.calling_ae, contexts, us)
    return encode.encode_associate_ac(accept)


def _answered(context: ProposedContext) -> ContextAnswer:
    is_there = messages.EXPLICIT_VR_LE in context.transfer_syntaxes
    result = ContextResult.ACCEPTANCE if is_there else ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED
    return ContextAnswer(context.context_id, result, messages.EXPLICIT_VR_LE)


def _accept(listener: socket.socket, books: _Books) -> None:
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=(connection, books), daemon=True).start()


def main() -> None:
    """Listen; for each line on stdin report what came; end with stdin."""
    books = _Books()
    with socket.create_server((wire.HOST, int(sys.argv[1])), backlog=_BACKLOG) as listener:
        threading.Thread(target=_accept, args=(listener, books), daemon=True).start()
        print(books.report(), flush=True)
        for _ in sys.stdin:
            print(books.report(), flush=True)


if __name__ == "__main__":
    main()
