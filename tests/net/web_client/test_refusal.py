import pytest

from pacsd.net.web_client.refusal import FOR_ALL, refused
from pacsd.net.web_client.session import Request
from tests.net.web_client.answering import Answer, answer, answering, asking, endless


async def text_of(said: Answer, status: int) -> str:
    async with (
        answering(said) as served,
        asking(served) as session,
        session.ask(Request("GET", "/studies")) as found,
    ):
        error = await refused(found)
    assert error.status == status
    assert str(error).isprintable()
    return str(error)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "set PACSD_HTTP_TOKEN"),
        (403, "forbids"),
        (404, "is this the root of a DICOMweb service?"),
        (406, "no media type that we read"),
        (413, "more than the server takes"),
        (415, "does not take DICOM files"),
        (500, "failed"),
        (418, "does not do it"),
        (599, "does not do it"),
    ],
)
async def test_a_status_has_words(status: int, words: str) -> None:
    text = await text_of(answer(b"<html>no</html>", "text/html", status=status), status)
    assert text.startswith(f"HTTP {status}")
    assert words in text
    assert "html" not in text


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        (b'{"error": "UID: not one"}', "application/json", "UID: not one"),
        (b'{"Message": "Bad", "Details": "why"}', "application/json", "why"),
        (b'{"title": "Bad"}', "application/problem+json", "Bad"),
        (b"plain\r\nwords \xff", "text/plain; charset=utf-8", r"plain words \ufffd"),
        (b"x" * 1_000, "text/plain", "x" * 200),
    ],
)
async def test_what_the_server_says_is_told(body: bytes, content_type: str, said: str) -> None:
    assert f"it says: {said}" in await text_of(answer(body, content_type, status=400), 400)


@pytest.mark.parametrize(
    "said",
    [
        answer(b"[1]", "application/json", status=500),
        answer(b'{"error": 7}', "application/json", status=500),
        answer(b"[" * 60_000, "application/json", status=500),
        answer(b"{", "application/json", status=500),
        answer(b"a", "text/plain", status=500, length=9),
        answer(b"a" * 70_000, "text/plain", status=500),
        endless(b"HTTP/1.1 500 X\r\nContent-Type: text/plain\r\n\r\n", b"x" * 9_000),
    ],
)
async def test_w41_a_refusal_that_says_nonsense(said: Answer) -> None:
    assert await text_of(said, 500) == "HTTP 500 Internal Server Error: the server failed"


async def test_what_the_server_warns_of_is_told() -> None:
    warning = '299 http://a/rs: "disk\x1b[2J full", 299 - "b", 299 - "c", 299 - "d"'
    said = answer(b"<html>", "text/html", status=503, Warning=warning, Retry_After="900")
    told = r"it says: disk\x1b[2J full; b; c"
    assert (
        await text_of(said, 503)
        == f"HTTP 503 Service Unavailable: the server does nothing now; {told}"
    )
    both = answer(b'{"error": "a"}', "application/json", status=400, Warning='299 - "b"')
    assert (await text_of(both, 400)).endswith("it says: a; b")


async def test_a_redirect_says_where_to() -> None:
    place = "http://me:secret@elsewhere/rs?token=secret"
    text = await text_of(answer(status=301, Location=place), 301)
    assert "the service is at 'elsewhere/rs': give that as PEER" in text
    assert "another place" in await text_of(answer(status=302), 302)
    assert {301, 401, 404} <= FOR_ALL
