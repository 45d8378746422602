"""An HTTP/1.1 client on a plain blocking socket that looks at no more than it must."""

import re
import socket
from dataclasses import dataclass

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
    """A kept-alive connection to a server."""

    def __init__(self, port: int, timeout_s: float) -> None:
        self._host = f"{HOST}:{port}"
        self._connection = wire.connect(port, timeout_s)
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

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(self, pieces: list[bytes], *, keeps: bool) -> Answer:
        try:
            for piece in pieces:
                self._connection.sendall(piece)
            return self._read(keeps=keeps)
        except OSError as error:
            raise NoAnswer(str(error)) from None

    def _read(self, *, keeps: bool) -> Answer:
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
        else:
            total, content = self._exactly(int(length[1]) if length else 0, first, keeps=keeps)
        return Answer(int(status[1]), total, tag[1].decode("ascii") if tag else "", content)

    def _exactly(self, length: int, first: bytes, *, keeps: bool) -> tuple[int, bytes]:
        kept, left = bytearray(first), length - len(first)
        while left > 0:
            received = self._receive()
            if keeps:
                kept += self._view[:received]
            left -= received
        return length, bytes(kept) if keeps else b""

    def _chunks(self, first: bytes, *, keeps: bool) -> tuple[int, bytes]:
        """Read to the last chunk, which is empty; the chunks as they are, if they are kept."""
        total, tail = len(first), first[-8:]
        kept = bytearray(first)
        while not tail.endswith(b"0\r\n\r\n"):
            received = self._receive()
            total += received
            if keeps:
                kept += self._view[:received]
            tail = (tail + self._view[max(0, received - 8) : received])[-8:]
        return total, _without_sizes(bytes(kept)) if keeps else b""

    def _receive(self) -> int:
        received = self._connection.recv_into(self._view, 0, socket.MSG_NOSIGNAL)
        if not received:
            raise NoAnswer("closed")
        return received


def _without_sizes(chunks: bytes) -> bytes:
    content, at = bytearray(), 0
    while True:
        end = chunks.index(b"\r\n", at)
        size = int(chunks[at:end], 16)
        if not size:
            return bytes(content)
        content += chunks[end + 2 : end + 2 + size]
        at = end + 2 + size + 2
