"""An HTTP/1.1 client on a plain blocking socket that looks at no more than it must."""

import re
import socket
from dataclasses import dataclass
from http import HTTPStatus

from contrib.bench import wire
from contrib.bench.wire import HOST, NoAnswer

_BUFFER_BYTES = 1024 * 1024
_END = b"\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length:[ \t]*(\d+)")
_CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding:[ \t]*chunked")
_TAG = re.compile(rb"(?i)\r\netag:[ \t]*([^\r]+)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: the status, the bytes of the content as they went over the wire, and its tag.

    `content` is empty unless it was asked for.
    """

    status: int
    content_bytes: int
    tag: str
    content: bytes = b""


class Web:
    """A connection to a server, kept alive as long as it does that."""

    def __init__(self, port: int, timeout_s: float) -> None:
        self._host = f"{HOST}:{port}"
        self._place = port, timeout_s
        self._connection: socket.socket | None = None
        self._buffer = bytearray(_BUFFER_BYTES)
        self._view = memoryview(self._buffer)

    def get(self, path: str, *, accept: str, tag: str = "", keeps: bool = False) -> Answer:
        """GET a resource.

        Raises:
            NoAnswer: none came, or not to its end.
        """
        known = f"If-None-Match: {tag}\r\n" if tag else ""
        head = f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\nAccept: {accept}\r\n{known}\r\n"
        return self._ask([head.encode("ascii")], keeps=keeps)

    def post(self, path: str, content_type: str, *pieces: bytes) -> Answer:
        """POST a payload in pieces.

        Raises:
            NoAnswer: none came, or not to its end.
        """
        length = sum(map(len, pieces))
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nAccept: application/dicom+json\r\n"
            f"Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
        )
        return self._ask([head.encode("ascii"), *pieces], keeps=False)

    def _ask(self, pieces: list[bytes], *, keeps: bool) -> Answer:
        try:
            self._connection = self._connection or wire.connect(*self._place)
            for piece in pieces:
                self._connection.sendall(piece)
            return self._read(self._connection, keeps=keeps)
        except OSError as error:
            raise NoAnswer(str(error)) from None

    def _read(self, connection: socket.socket, *, keeps: bool) -> Answer:
        head = bytearray()
        while _END not in head:
            head += self._view[: self._receive()]
        end = head.index(_END)
        first, said = bytes(head[end + len(_END) :]), bytes(head[: end + 2])
        status, tag = _STATUS.match(said), _TAG.search(said)
        if status is None:
            raise NoAnswer("no status line")
        length = _LENGTH.search(said)
        if _CHUNKED.search(said):
            total, content = self._chunks(first, keeps=keeps)
        elif length is None and int(status[1]) == HTTPStatus.OK:
            total, content = self._to_the_end(connection, first), b""
        else:
            total, content = self._exactly(int(length[1]) if length else 0, first, keeps=keeps)
        return Answer(int(status[1]), total, tag[1].decode("ascii") if tag else "", content)

    def _to_the_end(self, connection: socket.socket, first: bytes) -> int:
        """The server closes where the content ends: the next request needs another connection."""
        total = len(first)
        while received := connection.recv_into(self._view):
            total += received
        connection.close()
        self._connection = None
        return total

    def _exactly(self, length: int, first: bytes, *, keeps: bool) -> tuple[int, bytes]:
        kept, left = bytearray(first), length - len(first)
        while left > 0:
            received = self._receive()
            if keeps:
                kept += self._view[:received]
            left -= received
        return length, bytes(kept) if keeps else b""

    def _chunks(self, first: bytes, *, keeps: bool) -> tuple[int, bytes]:
        """Read to the last chunk, which is empty; what was in them, if it is kept."""
        total, kept, pending = 0, bytearray(), first
        while True:
            while b"\r\n" not in pending:
                pending += self._view[: self._receive()]
            size, _, pending = pending.partition(b"\r\n")
            length = int(size, 16)
            total += length
            content, pending = self._chunk(length + 2, pending, keeps=keeps)
            kept += content[:length]
            if not length:
                return total, bytes(kept)

    def _chunk(self, length: int, pending: bytes, *, keeps: bool) -> tuple[bytes, bytes]:
        """So many bytes, if they are kept, and those that came behind them."""
        kept, left = bytearray(pending[:length] if keeps else b""), length - len(pending)
        if left <= 0:
            return bytes(kept), pending[length:]
        while True:
            received = self._receive()
            if keeps:
                kept += self._view[: min(left, received)]
            if received >= left:
                return bytes(kept), bytes(self._view[left:received])
            left -= received

    def _receive(self) -> int:
        received = self._connection.recv_into(self._view) if self._connection else 0
        if not received:
            raise NoAnswer("closed")
        return received


def succeeded(answer: Answer) -> Answer:
    """The answer.

    Raises:
        NoAnswer: it is another than 200.
    """
    if answer.status != HTTPStatus.OK:
        raise NoAnswer(f"status {answer.status}")
    return answer
