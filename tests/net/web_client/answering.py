"""A server that answers as a test tells it, byte by byte, and keeps what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ssl import SSLContext

from pacsd.net.web_client.service_root import ServiceRoot
from pacsd.net.web_client.session import WebServer, WebSession, WebTimeouts, web_session

JSON = "application/dicom+json"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came; names of headers in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Answer = bytes | Act


@dataclass(slots=True)
class Answering:
    """Gives one answer after the other; the last one again and again."""

    answers: Sequence[Answer]
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"

    @property
    def root(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/dicomweb"

    def server(self, **options: object) -> WebServer:
        """How it is called."""
        return WebServer(ServiceRoot.parse(self.root), **options)  # type: ignore[arg-type]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.rstrip().split("\r\n")
            headers = {
                name.lower(): value for name, value in (each.split(": ", 1) for each in lines)
            }
            number = len(self.asked)
            method, target, _ = first.split(" ")
            asked = Asked(method, target, headers, b"")
            self.asked.append(asked)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.asked[number] = Asked(method, target, headers, body)
            answer = self.answers[min(number, len(self.answers) - 1)]
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(reader, writer)
        writer.close()


def answer(
    body: bytes = b"", content_type: str = JSON, *, status: int = 200, length: int | None = None,
    **headers: str,
) -> bytes:  # fmt: skip
    """An answer; `length` is what it says of itself."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}"]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join((*lines, "", "")).encode() + body


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Say nothing until the client has gone."""
    await reader.read()


def endless(head: bytes, piece: bytes) -> Act:
    """Say something, then something else for ever."""

    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()

    return act


def then_silent(data: bytes) -> Act:
    """Say something, and then nothing until the client has gone."""

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        await reader.read()

    return act


@asynccontextmanager
async def answering(*answers: Answer, tls: SSLContext | None = None) -> AsyncIterator[Answering]:
    """The server, for the time of a block."""
    made = Answering(answers or (answer(),), scheme="http" if tls is None else "https")
    serving = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls, limit=1 << 20)
    made.port = serving.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        serving.close()


@asynccontextmanager
async def asking(
    served: Answering,
    *,
    patience_s: float = 20.0,
    token: str = "",
    waits: list[float] | None = None,
) -> AsyncIterator[WebSession]:
    """A session with it, whose waits for a busy server take no time."""
    slept = [] if waits is None else waits

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    server = served.server(token=token, timeouts=WebTimeouts(20.0, patience_s))
    async with web_session(server, sleep=sleep) as session:
        yield session
