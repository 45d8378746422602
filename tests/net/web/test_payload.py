"""Payloads of one part or several, sent as they are read."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import pytest
from aiohttp import ClientPayloadError, ClientResponse, ClientSession
from aiohttp.web import BaseRequest, StreamResponse
from structlog.typing import EventDict

from pacsd.dicomweb.accept import Choice, Representation
from pacsd.dicomweb.targets import Kind, Target
from pacsd.net.transcoding import NotTranscoded
from pacsd.net.web.exchange import Exchange
from pacsd.net.web.long_work import AT_ONCE
from pacsd.net.web.payload import Part, send_parts
from tests.net.test_http import serving
from tests.net.web.serving import Answer
from tests.net.web.ticking import Ticks, ticking

MULTIPART = Choice(Representation("application/dicom", is_multipart=True), "")
ALONE = Choice(Representation("application/dicom", is_multipart=False), "")


async def pieces(*data: bytes, fails: bool = False) -> AsyncGenerator[bytes, None]:
    for each in data:
        yield each
    if fails:
        raise OSError("told to fail")


def part(*data: bytes, size: int | None = None, syntax: str = "1.2", fails: bool = False) -> Part:
    return Part(partial(pieces, *data, fails=fails), size, syntax, "http://pacs/\r\nX: y")


@asynccontextmanager
async def sending(
    parts: Sequence[Part], choice: Choice = MULTIPART, status: int = 200
) -> AsyncIterator[ClientSession]:
    """Whoever asks gets these parts."""

    async def answer(request: BaseRequest) -> StreamResponse:
        exchange = Exchange(request, Target(Kind.ALL_STUDIES), "", "http://pacs")
        return await send_parts(exchange, choice, parts, status=status, headers={"X-Of": "all"})

    async with (
        serving(services={"/dicomweb": answer}) as address,
        ClientSession(f"http://{address}") as client,
    ):
        yield client


async def asked(client: ClientSession, method: str = "GET") -> Answer:
    async with client.request(method, "/dicomweb") as answer:
        return Answer(answer.status, answer.headers, await answer.read())


async def test_several_parts_of_known_length() -> None:
    parts = [part(b"one\r\n", b"--", size=7), part(size=0), part(b"three", size=5, syntax="")]
    async with sending(parts, status=206) as client:
        answer = await asked(client)
        assert (answer.status, answer.headers["X-Of"]) == (206, "all")
        assert [each.body for each in answer.parts] == [b"one\r\n--", b"", b"three"]
        assert int(answer.headers["Content-Length"]) == len(answer.body)
        assert [each.headers["content-length"] for each in answer.parts] == ["7", "0", "5"]
        types = [each.headers["content-type"] for each in answer.parts]
        assert types == [f"application/dicom{e}" for e in ("; transfer-syntax=1.2",) * 2 + ("",)]
        again = await asked(client)
        assert again.headers["Content-Type"] != answer.headers["Content-Type"]


async def test_w21_a_location_ends_no_line() -> None:
    async with sending([part(b"x", size=1)]) as client:
        (found,) = (await asked(client)).parts
        assert found.headers["content-location"] == "http://pacs/%0D%0AX:%20y"
        assert "x" not in found.headers


async def test_one_of_unknown_length() -> None:
    async with sending([part(b"one", size=3), part(b"two", b"three")]) as client:
        answer = await asked(client)
        assert "Content-Length" not in answer.headers
        assert [each.body for each in answer.parts] == [b"one", b"twothree"]
        assert "content-length" not in answer.parts[1].headers


@pytest.mark.parametrize("size", [3, None])
async def test_the_only_one_by_itself(size: int | None) -> None:
    async with sending([part(b"one", size=size)], ALONE) as client:
        answer = await asked(client)
        assert (answer.body, answer.headers.get("Content-Length")) == (b"one", size and str(size))
        assert answer.headers["Content-Type"] == "application/dicom; transfer-syntax=1.2"
        assert "\r" not in answer.headers["Content-Location"]


@pytest.mark.parametrize("choice", [MULTIPART, ALONE], ids=["multipart", "alone"])
async def test_head_reads_nothing(choice: Choice) -> None:
    async with sending([part(b"one", size=3, fails=True)], choice) as client:
        answer = await asked(client, "HEAD")
        assert (answer.status, answer.body) == (200, b"")
        assert int(answer.headers["Content-Length"]) >= 3


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize("choice", [MULTIPART, ALONE], ids=["multipart", "alone"])
@pytest.mark.parametrize("size", [4, None])
async def test_one_that_breaks_off(
    choice: Choice, size: int | None, logged: list[EventDict]
) -> None:
    async with sending([part(b"one", size=size, fails=True)], choice) as client:
        with pytest.raises(ClientPayloadError):
            await asked(client)
    assert [(each["event"], each["why"]) for each in logged] == [
        ("an answer was cut short", "told to fail")
    ]


class ManyParts(list[Part]):
    """Parts; whoever goes through them sees whether the event loop is free."""

    def __init__(self, parts: Sequence[Part], ticks: Ticks) -> None:
        super().__init__(parts)
        self._ticks = ticks

    def __iter__(self) -> Iterator[Part]:
        self._ticks.see()
        return super().__iter__()


async def test_the_loop_is_free_while_very_many_parts_are_prepared() -> None:
    async with ticking() as ticks:
        parts = ManyParts([part(b"one", size=3)] * (AT_ONCE + 1), ticks)
        async with sending(parts) as client:
            answer = await asked(client, "HEAD")
        assert int(answer.headers["Content-Length"]) > 3 * len(parts)
        assert ticks.seen > 0


def untranscoded() -> Part:
    async def fail() -> AsyncGenerator[bytes, None]:
        raise NotTranscoded("12 bits only")
        yield b""

    return Part(fail, None, "1.2", "http://pacs/")


async def cut_short(answer: ClientResponse) -> bytes:
    """All that comes of an answer whose end does not."""
    got = bytearray()
    try:
        async for data in answer.content.iter_any():
            got += data
    except ClientPayloadError:
        return bytes(got)
    raise AssertionError("it came to its end")


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_what_cannot_be_transcoded_keeps_no_other_but_the_end_is_missing(
    logged: list[EventDict], place: int
) -> None:
    parts = [part(b"one"), part(b"two")]
    parts.insert(place, untranscoded())
    async with sending(parts) as client, client.get("/dicomweb") as answer:
        got = await cut_short(answer)
    assert got.count(b"Content-Type: ") == 2
    assert got.index(b"one\r\n--") < got.index(b"two")
    assert not got.rstrip().endswith(b"--")
    assert [(each["event"], each["why"]) for each in logged] == [
        ("an answer was cut short", "12 bits only")
    ]
