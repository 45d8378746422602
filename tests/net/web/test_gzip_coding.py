"""Answers in JSON and XML, gzip-coded."""

import gzip
from collections.abc import AsyncGenerator

import orjson
import pytest
from aiohttp.web import Response

from pacsd.dicom.headers import Buffer
from pacsd.dicomweb.content_codings import Codings
from pacsd.net.web import gzip_coding
from pacsd.net.web.gzip_coding import MIN_BYTES, as_coded, coded, pays, vary
from pacsd.testing.objects import data_set
from tests.net.web.serving import SERIES, STUDY, Served, image, path

COUNT = 12
XML = 'multipart/related; type="application/dicom+xml"'
GZIP = {"Accept_Encoding": "gzip"}
EITHER, ALWAYS = Codings(gzip=True), Codings(gzip=True, identity=False)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/dicom+json", True),
        ("text/html; charset=utf-8", True),
        ('multipart/related; type="application/dicom+xml"; boundary=x', True),
        ('multipart/related; type="application/dicom"; boundary=x', False),
        ("application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", False),
        ("application/zip", False),
        ("text/event-stream", False),
        ("", False),
    ],
)
def test_what_pays(content_type: str, *, expected: bool) -> None:
    assert pays(content_type) == expected


def test_what_an_answer_depends_on() -> None:
    assert vary({}, "Accept") == {"Vary": "Accept"}
    assert vary({"Vary": "Origin"}, "Accept") == {"Vary": "Origin, Accept"}


def json_answer(size: int) -> Response:
    return Response(body=b"x" * size, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize(
    ("size", "codings", "is_coded"),
    [
        (MIN_BYTES, EITHER, True),
        (MIN_BYTES - 1, EITHER, False),
        (MIN_BYTES - 1, ALWAYS, True),
        (MIN_BYTES, Codings(), False),
        (0, ALWAYS, False),
        (1_000_000, EITHER, True),
    ],
)
async def test_whole_answers(size: int, codings: Codings, *, is_coded: bool) -> None:
    answer = await coded(json_answer(size), codings)
    assert isinstance(answer.body, bytes)
    assert answer.headers.get("Content-Encoding") == ("gzip" if is_coded else None)
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert (gzip.decompress(answer.body) if is_coded else answer.body) == b"x" * size
    assert answer.content_length == len(answer.body)


async def test_what_does_not_pay_is_left_alone() -> None:
    pixels = Response(body=bytes(MIN_BYTES), headers={"Content-Type": "image/jpeg"})
    assert (await coded(pixels, ALWAYS)).body == bytes(MIN_BYTES)
    assert "Vary" not in pixels.headers


async def test_pieces_long_and_short_make_one_member(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzip_coding, "_IN_THREAD_BYTES", 5_000)
    sent: list[Buffer] = [b"a" * 100, b"b" * 10_000, b"c" * 3_000, memoryview(b"d" * 5_000)]

    async def pieces() -> AsyncGenerator[Buffer, None]:
        for piece in sent:
            yield piece

    for codings in (EITHER, ALWAYS):
        payload, is_coded = await as_coded(pieces(), codings)
        assert is_coded
        assert gzip.decompress(b"".join([each async for each in payload])) == b"".join(sent)
    payload, is_coded = await as_coded(pieces(), Codings())
    assert not is_coded
    assert [each async for each in payload] == sent


async def test_what_fails_before_it_began_is_raised_and_closed() -> None:
    is_closed = False

    async def pieces() -> AsyncGenerator[Buffer, None]:
        nonlocal is_closed
        try:
            yield b"a"
            raise OSError("gone")
        finally:
            is_closed = True

    with pytest.raises(OSError, match="gone"):
        await as_coded(pieces(), EITHER)
    assert is_closed


async def fill(served: Served) -> None:
    for number in range(COUNT):
        uid = f"1.2.3.4.{number}"
        await served.add(data_set({"SOPInstanceUID": uid}, pixel_bytes=50), uid)


@pytest.mark.parametrize(
    ("target", "accept"),
    [
        (f"/studies/{STUDY}/metadata", None),
        (f"/studies/{STUDY}/series/{SERIES}/metadata", XML),
        (f"/studies/{STUDY}/instances", None),
        ("/instances", XML),
        ("/changes", None),
        ("/openapi.json", None),
        ("", "text/html"),
        ("/capabilities", None),
    ],
)  # fmt: skip
async def test_the_same_answer_with_and_without(
    served: Served, target: str, accept: str | None
) -> None:
    await fill(served)
    plain = await served.get(target, accept)
    coded_ = await served.get(target, accept, **GZIP)
    assert (plain.status, coded_.status) == (200, 200)
    assert "Content-Encoding" not in plain.headers
    assert coded_.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in coded_.headers["Vary"]
    assert plain.headers["Vary"] == coded_.headers["Vary"]
    content = gzip.decompress(coded_.body)
    assert len(content) > 2 * len(coded_.body)
    if "boundary" not in plain.headers["Content-Type"]:
        assert content == plain.body
    else:
        boundary = coded_.headers["Content-Type"].partition("boundary=")[2].encode()
        first = plain.headers["Content-Type"].partition("boundary=")[2].encode()
        assert content.replace(boundary, b"") == plain.body.replace(first, b"")


async def test_short_answers_and_pixels_are_not_coded(served: Served) -> None:
    await served.add(image(pixels=b""), path().rpartition("/")[2])
    for target in (path(below="/frames/1"), path(), path(below="/bulkdata/7FE00010")):
        answer = await served.get(target, **GZIP)
        assert answer.status == 200
        assert "Content-Encoding" not in answer.headers
    short = await served.get("/studies", **GZIP)
    assert "Content-Encoding" not in short.headers
    assert short.headers["Vary"] == "Accept-Encoding"
    always = await served.get("/studies", Accept_Encoding="gzip, identity;q=0")
    assert always.headers["Content-Encoding"] == "gzip"
    assert orjson.loads(gzip.decompress(always.body)) == short.json
    neither = await served.get("/studies", Accept_Encoding="identity;q=0")
    assert neither.status == 406
    assert "takes neither gzip nor identity" in neither.why


@pytest.mark.parametrize("target", [f"/studies/{STUDY}/metadata", "/openapi.json"])
async def test_who_has_either_has_both(served: Served, target: str) -> None:
    await fill(served)
    plain = (await served.get(target)).headers["ETag"]
    weak = (await served.get(target, **GZIP)).headers["ETag"]
    assert weak == f"W/{plain}"
    for known in (plain, weak):
        coded_ = await served.get(target, If_None_Match=known, **GZIP)
        assert (coded_.status, coded_.headers["ETag"]) == (304, weak)
        assert coded_.headers["Vary"] == "Accept-Encoding"
        uncoded = await served.get(target, If_None_Match=known)
        assert (uncoded.status, uncoded.headers["ETag"]) == (304, plain)


async def test_a_header_alone_says_what_the_answer_would(served: Served) -> None:
    await fill(served)
    for target in (f"/studies/{STUDY}/metadata", "/instances"):
        head = await served.ask("HEAD", target, headers=GZIP)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["Content-Encoding"] == "gzip"
