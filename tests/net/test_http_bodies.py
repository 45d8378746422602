"""What of a body is refused before it is read."""

import zlib

import pytest
from aiohttp import HttpVersion10, HttpVersion11
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import BaseRequest, Response, StreamResponse
from multidict import CIMultiDict

from pacsd.net.http_bodies import body_fault
from tests.net.test_http import raw, serving

HEAD = b"POST /x HTTP/1.1\r\nHost: localhost\r\n"
BOMB = zlib.compress(bytes(50_000_000), 9)


def status_of(*headers: tuple[str, str], is_old: bool = False) -> int | None:
    version = HttpVersion10 if is_old else HttpVersion11
    fault = body_fault(
        make_mocked_request("POST", "/", headers=CIMultiDict(headers), version=version)
    )
    if fault is not None:
        assert fault.text.startswith(("Content-Encoding: ", "Transfer-Encoding: "))
    return None if fault is None else fault.status


@pytest.mark.parametrize("value", ["", "identity", "Identity , identity"])
def test_bodies_that_are_read(value: str) -> None:
    assert status_of() is None
    assert status_of(("Content-Encoding", value)) is None
    assert status_of(("Transfer-Encoding", "Chunked")) is None


@pytest.mark.parametrize(
    "value", ["gzip", "GZip", "deflate", "br", "zstd", "gzip, gzip", "identity, gzip", "x", "\x7f"]
)
def test_w07_encodings_that_are_not_read(value: str) -> None:
    assert status_of(("Content-Encoding", value)) == 415
    assert status_of(("Content-Encoding", "identity"), ("Content-Encoding", value)) == 415
    assert status_of(("Transfer-Encoding", f"{value}, chunked")) == 501


def test_w03_chunks_in_http_1_0() -> None:
    assert status_of(("Transfer-Encoding", "chunked"), is_old=True) == 400


@pytest.mark.parametrize(
    "coding", [b"deflate", b"gzip", b"br", b"zstd", b"deflate, deflate", b"deflate\r\nX: y"]
)
async def test_w07_what_is_compressed_is_not_inflated(coding: bytes) -> None:
    async def reads(request: BaseRequest) -> StreamResponse:
        return Response(text=str(len(await request.content.read())))

    async with serving(services={"/x": reads}) as address:
        coded = HEAD + b"Content-Encoding: " + coding
        length = b"\r\nContent-Length: %d\r\n\r\n" % len(BOMB)
        answer = await raw(address, coded + length, BOMB)
        assert answer.startswith(b"HTTP/1.1 415 ")
        assert b"\r\nAccept-Encoding: identity\r\n" in answer
        assert b"\r\nConnection: close\r\n" in answer
        as_it_is = HEAD + b"Content-Encoding: identity\r\nConnection: close" + length
        assert (await raw(address, as_it_is, BOMB)).endswith(b"\r\n\r\n%d" % len(BOMB))


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (HEAD + b"Transfer-Encoding: gzip, chunked", b"HTTP/1.1 501 "),
        (HEAD + b"Transfer-Encoding: chunked, gzip", b"HTTP/1.0 400 "),
        (HEAD.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked", b"HTTP/1.0 400 "),
    ],
)
async def test_w07_other_ways_to_hand_it_on(head: bytes, status: bytes) -> None:
    async with serving() as address:
        assert (await raw(address, head + b"\r\n\r\n0\r\n\r\n")).startswith(status)
