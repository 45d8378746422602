"""One request, and how answers to it are written."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
import orjson
import pytest
from aiohttp import ClientPayloadError, ClientSession
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import BaseRequest, StreamResponse
from multidict import CIMultiDict
from structlog.typing import EventDict

from pacsd.archive.finding import IndexUnavailable
from pacsd.dicom.errors import ScanError
from pacsd.dicomweb.errors import BadRequest
from pacsd.dicomweb.targets import Kind, Target
from pacsd.net.http_connection import HttpLimits
from pacsd.net.web.exchange import Exchange, problem
from pacsd.net.web.request_places import RequestPlaces
from tests.net.test_http import request as http_request
from tests.net.test_http import serving

TARGET = Target(Kind.STUDY, "1.2")
Sends = Callable[[Exchange], Awaitable[StreamResponse]]


def exchange_of(query: str = "", *accept: str, method: str = "GET") -> Exchange:
    headers = CIMultiDict([("Accept", each) for each in accept])
    request = make_mocked_request(method, "/dicomweb/studies", headers=headers)
    return Exchange(request, TARGET, query, "http://pacs/dicomweb", {"Vary": "Origin"})


def test_what_the_client_takes() -> None:
    tested = exchange_of("accept=a/b&limit=1&accept=c%2Bd/e", "x/y", "z/*")
    assert tested.accept == ["x/y", "z/*"]
    assert tested.accepted == ["a/b", "c+d/e"]
    assert exchange_of().accept == []
    with pytest.raises(BadRequest):
        _ = exchange_of("accept=%zz").accepted


def test_what_it_is_about() -> None:
    tested = exchange_of(method="HEAD")
    assert tested.is_head
    assert not exchange_of().is_head
    assert tested.url(TARGET) == "http://pacs/dicomweb/studies/1.2"


def test_a_model_has_the_name_it_was_chosen_by() -> None:
    answer = exchange_of().model(
        b"[]", "application/dicom+json", status=202, headers={"Warning": "299"}
    )
    assert (answer.status, answer.body) == (202, b"[]")
    assert answer.headers["Content-Type"] == "application/dicom+json"
    assert (answer.headers["Vary"], answer.headers["Warning"]) == ("Origin", "299")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    named = exchange_of().model(b"[]", "application/json")
    assert named.headers["Content-Type"] == "application/json"


def test_problems() -> None:
    answer = problem(404, 'no "such" \u202e', {"Vary": "Origin"})
    assert answer.status == 404
    assert isinstance(answer.body, bytes)
    assert orjson.loads(answer.body) == {"error": 'no "such" \u202e'}
    assert answer.headers["Vary"] == "Origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@asynccontextmanager
async def sending(sends: Sends, limits: HttpLimits | None = None) -> AsyncIterator[str]:
    async def answer(request: BaseRequest) -> StreamResponse:
        return await sends(Exchange(request, TARGET, "", "http://pacs/dicomweb"))

    async with serving(services={"/dicomweb": answer}, limits=limits) as address:
        yield str(address)


async def test_an_answer_in_pieces() -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"one"
        yield memoryview(b"two")  # type: ignore[misc] # any buffer will do

    async def sends(exchange: Exchange) -> StreamResponse:
        return await exchange.send(pieces(), "text/x", status=206, headers={"X-Of": "it"})

    async with sending(sends) as address, ClientSession() as client:
        answer = await client.get(f"http://{address}/dicomweb")
        assert (answer.status, await answer.read()) == (206, b"onetwo")
        assert (answer.headers["Content-Type"], answer.headers["X-Of"]) == ("text/x", "it")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "error", [OSError("gone"), IndexUnavailable("gone"), ScanError("gone")], ids=repr
)
async def test_what_fails_on_the_way_cuts_the_connection(
    error: Exception, logged: list[EventDict]
) -> None:
    is_closed = False

    async def pieces() -> AsyncGenerator[bytes, None]:
        nonlocal is_closed
        try:
            yield b"one"
            raise error
        finally:
            is_closed = True

    async def sends(exchange: Exchange) -> StreamResponse:
        return await exchange.send(pieces(), "text/x")

    async with sending(sends) as address, ClientSession() as client:
        answer = await client.get(f"http://{address}/dicomweb/studies")
        with pytest.raises(ClientPayloadError):
            await answer.read()
    assert is_closed
    (line,) = logged
    assert (line["event"], line["path"]) == ("an answer was cut short", "/dicomweb/studies")
    assert "gone" in line["why"]


async def test_a_client_that_goes_is_no_fault(logged: list[EventDict]) -> None:
    closed = anyio.Event()

    async def pieces() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield bytes(65_536)
        finally:
            closed.set()

    async def sends(exchange: Exchange) -> StreamResponse:
        return await exchange.send(pieces(), "text/x")

    async with sending(sends) as address:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(http_request("/dicomweb"))
        await reader.readexactly(1_000_000)
        writer.transport.abort()
        await closed.wait()
    assert logged == []


async def test_w24_who_reads_has_all_the_time() -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        started = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < started + 0.4:
            yield bytes(1_000)
            await anyio.lowlevel.checkpoint()
        yield b"end"

    async def sends(exchange: Exchange) -> StreamResponse:
        return await exchange.send(pieces(), "text/x")

    limits = HttpLimits(next_request_timeout_s=0.2)
    async with sending(sends, limits) as address, ClientSession() as client:
        answer = await client.get(f"http://{address}/dicomweb")
        assert (await answer.read()).endswith(b"end")


async def test_w24_who_reads_nothing_is_cut_off() -> None:
    closed = anyio.Event()

    async def pieces() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield bytes(65_536)
        finally:
            closed.set()

    async def sends(exchange: Exchange) -> StreamResponse:
        return await exchange.send(pieces(), "text/x")

    async with sending(sends, HttpLimits(next_request_timeout_s=0.1)) as address:
        host, _, port = address.rpartition(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=1)
        writer.write(http_request("/dicomweb"))
        await closed.wait()
        writer.close()


async def test_it_is_told_when_its_client_goes() -> None:
    begun, ended = anyio.Event(), anyio.Event()

    async def sends(exchange: Exchange) -> StreamResponse:
        assert not exchange.is_gone
        begun.set()
        await exchange.gone()
        assert exchange.is_gone
        ended.set()
        return problem(503, "nobody reads this")

    async with sending(sends) as address:
        host, _, port = address.rpartition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(http_request("/dicomweb"))
        await begun.wait()
        writer.transport.abort()
        with anyio.fail_after(15):
            await ended.wait()


async def test_where_nothing_can_tell_nobody_goes() -> None:
    tested = exchange_of()
    assert not tested.is_gone
    with anyio.move_on_after(0) as scope:
        await tested.gone()
    assert scope.cancelled_caught


def test_its_place_is_another_s_while_it_waits_aside() -> None:
    places = RequestPlaces(1)
    tested = replace(exchange_of(), places=places)
    with places.taken():
        with tested.aside():
            assert not places.is_full
        assert places.is_full
