import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import anyio
import pytest
from aiohttp import ClientSession
from aiohttp.web import BaseRequest, Response, StreamResponse
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from structlog.typing import EventDict

from pacsd import __version__
from pacsd.net.endpoint import Endpoint
from pacsd.net.http import Health, HttpListener, Serve
from pacsd.net.http_connection import HttpLimits

READY = Health(is_ready=True)
ANY_PORT = Endpoint("127.0.0.1", 0)


class Broken(Collector):
    """A defect; but one that shows only when it is asked."""

    def __init__(self) -> None:
        self.is_broken = False

    def collect(self) -> list[Metric]:
        if self.is_broken:
            raise ZeroDivisionError
        return []


LARGE = 20_000_000
"""More than the sockets between us hold."""


class Large(Collector):
    """An answer of at least that many bytes."""

    def collect(self) -> list[Metric]:
        return [GaugeMetricFamily("large", "x" * LARGE, 1)]


@asynccontextmanager
async def serving(
    health: Health = READY,
    registry: CollectorRegistry | None = None,
    limits: HttpLimits | None = None,
    endpoint: Endpoint = ANY_PORT,
    services: Mapping[str, Serve] | None = None,
    ending: Callable[[], None] | None = None,
) -> AsyncIterator[Endpoint]:
    listener = HttpListener(
        endpoint,
        registry=registry or CollectorRegistry(),
        health=lambda: health,
        limits=limits,
        services=services,
        ending=ending,
    )
    async with anyio.create_task_group() as tasks:
        started = anyio.Event()
        tasks.start_soon(listener.run, started.set)
        await started.wait()
        yield Endpoint("127.0.0.1", listener.address.port)
        tasks.cancel_scope.cancel()


async def raw(address: Endpoint, *parts: bytes) -> bytes:
    """Send bytes, then read until the listener closes."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    answer = await read_to_end(reader)
    writer.close()
    return answer


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    received = bytearray()
    try:
        while part := await reader.read(65_536):
            received += part
    except ConnectionResetError:
        pass
    return bytes(received)


def request(target: str = "/health", *, method: str = "GET", host: str = "localhost") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()


async def test_health() -> None:
    async with serving() as address, ClientSession(f"http://{address}") as client:
        answer = await client.get("/health")
        assert answer.status == 200
        assert await answer.json() == {"status": "ok", "version": __version__}


async def test_ready() -> None:
    async with serving() as address, ClientSession(f"http://{address}") as client:
        answer = await client.get("/ready")
        assert answer.status == 200
        assert await answer.json() == {"ready": True, "reasons": []}


async def test_not_ready() -> None:
    health = Health(is_ready=False, reasons=("the disk is full", "shutting down"))
    async with serving(health) as address, ClientSession(f"http://{address}") as client:
        answer = await client.get("/ready")
        assert answer.status == 503
        assert await answer.json() == {"ready": False, "reasons": list(health.reasons)}
        assert (await client.get("/health")).status == 200


async def test_metrics() -> None:
    registry = CollectorRegistry()
    Counter("pacsd_things", "Things", registry=registry).inc(7)
    async with serving(registry=registry) as address, ClientSession(f"http://{address}") as client:
        answer = await client.get("/metrics")
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        things = next(iter(text_string_to_metric_families(await answer.text())))
        assert (things.name, things.samples[0].value) == ("pacsd_things", 7)


async def test_what_is_measured_is_read_where_it_changes() -> None:
    read_by: list[int] = []

    class Looking(Collector):
        def collect(self) -> list[Metric]:
            read_by.append(threading.get_ident())
            return []

    registry = CollectorRegistry()
    registry.register(Looking())
    async with serving(registry=registry) as address, ClientSession(f"http://{address}") as client:
        assert (await client.get("/metrics")).status == 200
    assert {*read_by} == {threading.get_ident()}


@pytest.mark.parametrize("target", ["/health", "/ready", "/metrics"])
async def test_head(target: str) -> None:
    async with serving() as address:
        answer = await raw(address, request(target, method="HEAD"))
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("target", ["/", "/healthz", "/health/", "//health", "/../metrics"])
async def test_nothing_else_is_there(target: str) -> None:
    async with serving() as address:
        assert (await raw(address, request(target))).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
async def test_other_methods(method: str) -> None:
    async with serving() as address:
        answer = await raw(address, request(method=method))
        assert answer.startswith(b"HTTP/1.1 405 ")
        assert b"\r\nAllow: GET, HEAD\r\n" in answer


@pytest.mark.parametrize("target", ["/health", "/metrics", "/nowhere"])
async def test_every_answer_is_guarded(target: str) -> None:
    async with serving() as address, ClientSession(f"http://{address}") as client:
        headers = (await client.get(target)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Server"] == "pacsd"


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8080", "127.0.0.1", "127.1.2.3:1", "[::1]", "[::1]:8080"]
)
async def test_names_of_this_machine(host: str) -> None:
    async with serving() as address:
        assert (await raw(address, request(host=host))).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "10.0.0.1",
        "0.0.0.0",
        "2130706433",
        "user@localhost",
        "",
    ],
)
async def test_a_foreign_name_for_loopback_is_refused(host: str) -> None:
    async with serving() as address:
        assert (await raw(address, request(host=host))).startswith(b"HTTP/1.1 421 ")


async def test_a_missing_or_second_host_is_refused() -> None:
    async with serving() as address:
        without = b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n"
        assert (await raw(address, without)).startswith((b"HTTP/1.1 421 ", b"HTTP/1.0 400 "))
        two = request().replace(b"\r\n\r\n", b"\r\nHost: evil.example\r\n\r\n")
        assert (await raw(address, two)).startswith((b"HTTP/1.1 421 ", b"HTTP/1.0 400 "))


async def test_http_1_0_names_no_host() -> None:
    async with serving() as address:
        answer = await raw(address, b"GET /health HTTP/1.0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.0 200 ")


async def test_beyond_loopback_any_name_is_good() -> None:
    async with serving(endpoint=Endpoint("0.0.0.0", 0)) as address:
        answer = await raw(address, request(host="pacs.example"))
        assert answer.startswith(b"HTTP/1.1 200 ")


TWO_LENGTHS = (
    b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
)
CLIENT_HELLO = bytes.fromhex("160301020001000001fc0303") + bytes(500)


@pytest.mark.parametrize(
    "parts",
    [
        (b"nonsense\r\n\r\n",),
        (CLIENT_HELLO,),
        (b"\x01\x00\x00\x00\x00\xcd" + bytes(205),),
        (b"GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n",),
        (b"GET /health HTTP/1.1\r\nHost : localhost\r\n\r\n",),
        (b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",),
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 10_000 + b"\r\n\r\n",),
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",),
        (b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",),
        (TWO_LENGTHS,),
    ],
)
async def test_a_bad_request_is_refused_and_costs_no_log_line(
    parts: tuple[bytes, ...], logged: list[EventDict], caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as address:
        answer = await raw(address, *parts)
        assert answer.startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 "))
        assert b"Server: pacsd\r\n" in answer
        assert (await raw(address, request())).startswith(b"HTTP/1.1 200 ")
    assert logged == []
    assert caplog.records == []


async def test_a_broken_body_is_no_defect_of_ours(
    logged: list[EventDict], caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as address:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        head = b"POST /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head)
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 405 ")
        writer.write(b"not a chunk\r\n")
        await read_to_end(reader)
        writer.close()
    assert logged == []
    assert caplog.records == []


async def test_a_defect_is_told_to_us_only(logged: list[EventDict]) -> None:
    registry = CollectorRegistry()
    broken = Broken()
    registry.register(broken)
    broken.is_broken = True
    async with serving(registry=registry) as address, ClientSession(f"http://{address}") as client:
        answer = await client.get("/metrics")
        assert (answer.status, await answer.json()) == (500, {"error": "internal error"})
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert (await client.get("/health")).status == 200
    (line,) = logged
    assert line["path"] == "/metrics"
    assert isinstance(line["exc_info"], ZeroDivisionError)


@pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nHost: loc"])
async def test_a_slow_first_request_is_cut_off(sent: bytes) -> None:
    async with serving(limits=HttpLimits(first_request_timeout_s=0.05)) as address:
        assert await raw(address, sent) == b""


@pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nHost: loc"])
async def test_a_slow_next_request_is_cut_off(sent: bytes) -> None:
    async with serving(limits=HttpLimits(next_request_timeout_s=0.05)) as address:
        kept = request().replace(b"Connection: close\r\n", b"")
        answer = await raw(address, kept, sent)
        assert answer.count(b"HTTP/1.1 200 ") == 1


async def test_who_does_not_read_the_answer_is_cut_off() -> None:
    registry = CollectorRegistry()
    registry.register(Large())
    limits = HttpLimits(max_connections=1, next_request_timeout_s=0.2)
    async with serving(registry=registry, limits=limits) as address:
        reader, writer = await asyncio.open_connection(address.host, address.port, limit=1)
        writer.write(request("/metrics"))
        while (await raw(address, request())).startswith(b"HTTP/1.1 503 "):
            pass
        assert len(await read_to_end(reader)) < LARGE
        writer.close()


async def test_one_connection_too_many(logged: list[EventDict]) -> None:
    registry = CollectorRegistry()
    async with serving(registry=registry, limits=HttpLimits(max_connections=1)) as address:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(request().replace(b"Connection: close\r\n", b""))
        await reader.readuntil(b"}\n")
        answer = await raw(address)
        assert answer.startswith(b"HTTP/1.1 503 ")
        refused = "pacsd_http_refused_connections_total"
        assert registry.get_sample_value(refused, {"reason": "all"}) == 1
        assert [(each["event"], each["reason"]) for each in logged] == [
            ("connections are turned away", "all")
        ]
        writer.close()
        while (await raw(address, request())).startswith(b"HTTP/1.1 503 "):
            pass


async def test_an_address_that_is_taken() -> None:
    async with serving() as address:
        second = HttpListener(address, registry=CollectorRegistry(), health=lambda: READY)
        with pytest.raises(OSError, match="address already in use"):
            await second.run(lambda: None)


async def test_kept_connections_end_with_the_listener() -> None:
    async with serving() as address:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(request().replace(b"Connection: close\r\n", b""))
        await reader.readuntil(b"}\n")
    assert await read_to_end(reader) == b""
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(address.host, address.port)


async def test_answers_that_wait_are_told_of_the_end() -> None:
    ended, asked = anyio.Event(), anyio.Event()

    async def waits(_request: BaseRequest) -> StreamResponse:
        asked.set()
        await ended.wait()
        return Response(text="in time")

    async with serving(services={"/waits": waits}, ending=ended.set) as address:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(request("/waits"))
        await asked.wait()
    assert (await read_to_end(reader)).endswith(b"in time")
    writer.close()


async def echo(request: BaseRequest) -> StreamResponse:
    return Response(text=request.path)


@pytest.mark.parametrize("path", ["/dicomweb", "/dicomweb/", "/dicomweb/studies/1.2"])
async def test_a_service_answers_all_below_its_path(path: str) -> None:
    async with serving(services={"/dicomweb": echo}) as address, ClientSession() as session:
        async with session.get(f"http://{address}{path}") as answer:
            assert (answer.status, await answer.text()) == (200, path)
        async with session.get(f"http://{address}/dicomwebs") as answer:
            assert answer.status == 404


async def test_the_server_as_a_whole_is_no_resource() -> None:
    async with serving(services={"/dicomweb": echo}) as address:
        asked = b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        assert (await raw(address, asked)).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize(
    "header", ["Forwarded", "X-Forwarded-For", "x-forwarded-host", "X-Forwarded-Proto", "X-Real-IP"]
)
async def test_what_was_handed_on_to_loopback_is_not_trusted(header: str) -> None:
    async with serving(services={"/dicomweb": echo}) as address, ClientSession() as session:
        url = f"http://{address}/dicomweb/studies"
        async with session.get(url, headers={header: "192.0.2.7"}) as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert header.lower() in (await answer.json())["error"].lower()
