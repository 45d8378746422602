"""What the listener's tests show of whole exchanges is not repeated here."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from aiohttp.web import BaseRequest, Response, Server, StreamResponse
from structlog.typing import EventDict

from pacsd.net.http_bodies import BrokenBody, SlowBody
from pacsd.net.http_connection import GUARDS, Connection, HttpLimits, json_answer
from pacsd.net.http_refusals import NoPlace
from tests.net.test_http import raw, read_to_end, request, serving


def test_an_answer_is_guarded_json() -> None:
    answer = json_answer(418, {"error": "x"}, {"Allow": "GET"})
    assert (answer.status, answer.content_type) == (418, "application/json")
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body) == {"error": "x"}
    assert answer.headers["Allow"] == "GET"
    assert GUARDS.items() <= dict(answer.headers).items()


@pytest.mark.parametrize("field", HttpLimits.__dataclass_fields__)
def test_every_limit_is_one(field: str) -> None:
    assert getattr(HttpLimits(), field) > 0


POST = b"POST /x HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
GET = b"GET /x HTTP/1.1\r\nHost: localhost\r\n"


async def length(request: BaseRequest) -> StreamResponse:
    """Answer how long the body was, or what was wrong with it."""
    try:
        return Response(text=f"={len(await request.content.read())}")
    except (BrokenBody, SlowBody) as error:
        return Response(status=400, text=type(error).__name__)


@pytest.mark.parametrize(
    "head",
    [
        GET + b"X: a\r\n b: c\r\n\r\n",
        GET + b"X: a\r\n\tb\r\n\r\n",
        b"GET /x HTTP/1.1\r\n Host: localhost\r\n\r\n",
        b"GET /x HTTP/1.1\nHost: localhost\n\n",
        GET + b"X: a\nY: b\r\n\r\n",
        GET + b"X: a\rY: b\r\n\r\n",
        GET + b"X: a\0b\r\n\r\n",
        GET + b"X : a\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
        POST + b"Content-Length: 5, 5\r\n\r\nabcde",
        POST + b"Content-Length: +5\r\n\r\nabcde",
        POST + b"Content-Length: 0x5\r\n\r\nabcde",
        POST + b"Content-Length: 18446744073709551616\r\n\r\n",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: identity\r\n\r\n",
    ],
)
async def test_w03_heads_that_are_none(head: bytes) -> None:
    async with serving(services={"/x": length}) as address:
        answer = await raw(address, head)
        assert answer.startswith(b"HTTP/1.0 400 ")
        assert answer.count(b"HTTP/1.") == 1


@pytest.mark.parametrize(
    "chunks",
    [
        b"not a chunk\r\n",
        b"-5\r\nabcde\r\n",
        b"+5\r\nabcde\r\n0\r\n\r\n",
        b"0x5\r\nabcde\r\n0\r\n\r\n",
        b"5 \r\nabcde\r\n0\r\n\r\n",
        b"5\nabcde\n0\n\n",
        b"5\r\nabcdefg\r\n0\r\n\r\n",
        b"5;a=b\nabcde\r\n0\r\n\r\n",
        b"f" * 25 + b"\r\n",
        b"0\r\nno trailer\r\n\r\n",
        b"0\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
        b"0\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
    ],
)
@pytest.mark.parametrize("begun", [b"", b"3\r\nabc\r\n"])
async def test_w03_w05_a_broken_chunk_ends_the_request_at_once(
    begun: bytes, chunks: bytes, logged: list[EventDict], caplog: pytest.LogCaptureFixture
) -> None:
    """At once: within less than the 30 s that a connection may be silent."""
    reading = anyio.Event()

    async def reads(request: BaseRequest) -> StreamResponse:
        reading.set()
        return await length(request)

    async with serving(services={"/x": reads}) as address:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(CHUNKED + begun)
        await reading.wait()
        writer.write(chunks)
        answer = await read_to_end(reader)
        writer.close()
        # The system may forget an answer that was not read before the connection was reset.
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
        if len(chunks) < 1_000:
            assert answer.endswith(b"BrokenBody")
            assert b"\r\nConnection: close\r\n" in answer
        assert (await raw(address, request())).startswith(b"HTTP/1.1 200 ")
    assert logged == []
    assert caplog.records == []


async def test_w03_a_broken_body_waits_for_the_request_before() -> None:
    asked, broken = anyio.Event(), anyio.Event()

    async def waits(request: BaseRequest) -> StreamResponse:
        if request.method == "GET":
            asked.set()
            await broken.wait()
        return await length(request)

    async with serving(services={"/x": waits}) as address:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(GET + b"\r\n")
        await asked.wait()
        writer.write(CHUNKED)
        await writer.drain()
        assert (await raw(address, request())).startswith(b"HTTP/1.1 200 ")
        writer.write(b"not a chunk\r\n")
        assert (await raw(address, request())).startswith(b"HTTP/1.1 200 ")
        broken.set()
        # Whether it was read in one go with its head or not, it is told once, and in its turn.
        first, second = (await read_to_end(reader)).split(b"HTTP/1.")[1:]
        writer.close()
    assert first.startswith(b"1 200 ")
    assert first.endswith(b"=0")
    assert second[1:].startswith(b" 400 ")


async def test_w03_chunk_extensions_are_passed_over() -> None:
    """RFC 9112 section 7.1.1: who does not know them must ignore them."""
    async with serving(services={"/x": length}) as address:
        closing = CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        body = b'5;a=b;c="d;\\"e"\r\nabcde\r\n0;' + b"x" * 100_000 + b"\r\nX: y\r\n\r\n"
        assert (await raw(address, closing + body)).endswith(b"=5")


@pytest.mark.parametrize(
    "head",
    [
        GET + b"X: y\r\n" * 100_000 + b"\r\n",
        GET + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n",
        GET + b"y" * 1_000_000 + b": x\r\n\r\n",
    ],
)
async def test_w05_headers_without_end(head: bytes) -> None:
    async with serving(services={"/x": length}) as address:
        answer = await raw(address, head)
        assert answer == b"" or answer.startswith(b"HTTP/1.0 400 ")
        assert (await raw(address, request())).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "sent",
    [
        POST + b"Content-Length: 4294967296\r\n\r\n",
        POST + b"Content-Length: 9223372036854775808\r\n\r\nabc",
        CHUNKED,
        CHUNKED + b"ffffffff\r\nabc",
        CHUNKED + b"5;" + b"x" * 1_000,
    ],
)
async def test_w04_a_body_that_does_not_come_is_told_so(
    sent: bytes, logged: list[EventDict], caplog: pytest.LogCaptureFixture
) -> None:
    limits = HttpLimits(next_request_timeout_s=1.0)
    async with serving(services={"/x": length}, limits=limits) as address:
        answer = await raw(address, sent)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.endswith(b"SlowBody")
        assert b"\r\nConnection: close\r\n" in answer
    assert logged == []
    assert caplog.records == []


async def test_w04_a_body_that_nobody_reads_takes_no_time() -> None:
    async with serving() as address:
        answer = await raw(address, POST + b"Content-Length: 4294967296\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 404 ")


class Wire(asyncio.Transport):
    """A connection from an address, of which nobody reads."""

    def __init__(self, *peername: object) -> None:
        super().__init__()
        self.peername = peername or None
        self.written = b""
        self.is_closed = False

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self.peername if name == "peername" else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True


@asynccontextmanager
async def connecting(
    limits: HttpLimits, refused: Callable[[NoPlace], None] = lambda _: None
) -> AsyncIterator[Callable[..., tuple[Connection, Wire]]]:
    """Makes connections from addresses, of one listener."""
    web, loop = Server(length), asyncio.get_running_loop()
    taken: set[Connection] = set()
    made: list[Connection] = []

    def connect(*peername: object) -> tuple[Connection, Wire]:
        connection, wire = Connection(web, loop, limits, taken, refused), Wire(*peername)
        connection.connection_made(wire)
        made.append(connection)
        return connection, wire

    yield connect
    for connection in made:
        connection.connection_lost(None)
    await web.shutdown(0)


@pytest.mark.parametrize(
    ("addresses", "other"),
    [
        (["192.0.2.7", "192.0.2.7", "::ffff:192.0.2.7"], "192.0.2.8"),
        (["2001:db8::1", "2001:db8::2", "2001:db8::ffff:ffff:ffff:ffff"], "2001:db8:0:1::1"),
        (["2001:0:4136::1", "2001:0:4136::2", "2001:0:4136::3"], "2001:0:4137::1"),
        (["fe80::1%eth0", "fe80::1%eth0", "fe80::1%eth0"], "fe80::2%eth0"),
        (["fd12:3456:789a:1::1"] * 3, "fd12:3456:789a:1::2"),
        (["febf::1"] * 3, "febf::2"),
        (["fc00::1"] * 3, "fc00::2"),
        (["fec0::1", "fec0::2", "fec0::3"], "fdff::1"),
    ],
)
async def test_w24_one_address_does_not_take_all_places(addresses: list[str], other: str) -> None:
    limits = HttpLimits(max_connections=4, max_connections_per_address=2)
    async with connecting(limits) as connect:
        (first, _), (_, kept), (_, refused) = (connect(each, 50_000) for each in addresses)
        assert not kept.written
        assert refused.written.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 1\r\n" in refused.written
        assert refused.is_closed
        # Others have their places, and one that is left is there again.
        assert not connect(other, 50_000)[1].written
        first.connection_lost(None)
        assert not connect(addresses[0], 50_000)[1].written
        assert connect(addresses[0], 50_000)[1].written


@pytest.mark.parametrize("peername", [("127.0.0.1", 1), ("::1", 1), ("::ffff:127.0.0.1", 1), ()])
async def test_what_a_proxy_hands_on_is_not_of_one_client(peername: tuple[object, ...]) -> None:
    async with connecting(HttpLimits(max_connections=4, max_connections_per_address=2)) as connect:
        assert [bool(connect(*peername)[1].written) for _ in range(5)] == [False] * 4 + [True]


async def test_w24_what_is_turned_away_is_told_with_its_reason() -> None:
    told: list[NoPlace] = []
    limits = HttpLimits(max_connections=3, max_connections_per_address=2)
    async with connecting(limits, told.append) as connect:
        connect("192.0.2.7", 1)
        connect("192.0.2.7", 2)
        assert told == []
        connect("192.0.2.7", 3)
        assert told == [NoPlace.ADDRESS]
        connect("192.0.2.8", 4)
        assert told == [NoPlace.ADDRESS]
        connect("192.0.2.9", 5)
        assert told == [NoPlace.ADDRESS, NoPlace.ALL]


async def test_w24_many_idle_connections() -> None:
    """As many as there may be; one more is told when to come again, and a place that is left is
    another's."""
    kept = request().replace(b"Connection: close\r\n", b"")
    async with serving(limits=HttpLimits(max_connections=50)) as address:
        idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        for _ in range(50):
            reader, writer = await asyncio.open_connection(address.host, address.port)
            writer.write(kept)
            await reader.readuntil(b"}\n")
            idle.append((reader, writer))
        for _ in range(150):
            refused = await raw(address)
            assert refused.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nRetry-After: 1\r\n" in refused
        for reader, writer in idle[1:]:
            writer.write(kept)
            assert (await reader.readuntil(b"}\n")).startswith(b"HTTP/1.1 200 ")
        idle[0][1].close()
        while (await raw(address, request())).startswith(b"HTTP/1.1 503 "):
            pass
        for _, writer in idle[1:]:
            writer.close()
