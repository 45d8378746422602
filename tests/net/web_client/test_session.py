import ssl
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from pacsd.net.web_client.credentials import tls_context
from pacsd.net.web_client.errors import Broken, NotReached
from pacsd.net.web_client.session import Moved, Request, WebTimeouts, web_session
from tests.interop import peers
from tests.net.web_client.answering import (
    Act,
    Answering,
    answer,
    answering,
    asking,
    endless,
    silent,
    then_silent,
)

SECRET = "secret"  # noqa: S105 - a test looks for it
ASKED = Request("GET", "/studies?limit=1")
BUSY = answer(status=503, Retry_After="7")


async def payload(moved: Moved) -> AsyncGenerator[bytes, None]:
    yield b"abc"
    moved()


STORED = Request("POST", "/studies", {"Content-Type": "x/y"}, payload, 3)


async def status(served: Answering, request: Request = ASKED, token: str = "") -> int:
    async with asking(served, token=token) as session, session.ask(request) as found:
        return found.status


async def test_what_is_sent() -> None:
    async with answering() as served:
        assert await status(served) == 200
        assert await status(served, STORED, "a.token") == 200
    got, stored = served.asked
    assert (got.method, got.target) == ("GET", "/dicomweb/studies?limit=1")
    assert got.headers["accept-encoding"] == "identity"
    assert "authorization" not in got.headers
    assert (stored.method, stored.body) == ("POST", b"abc")
    assert stored.headers["content-length"] == "3"
    assert stored.headers["content-type"] == "x/y"
    assert stored.headers["authorization"] == "Bearer a.token"


async def test_a_token_is_in_no_repr() -> None:
    async with answering() as served:
        assert "secret" not in repr(served.server(token=SECRET))


async def test_nobody_there() -> None:
    async with answering() as served:
        pass
    with pytest.raises(NotReached, match=rf"127\.0\.0\.1:{served.port}: Connect"):
        await status(served)


@pytest.mark.parametrize("request_", [ASKED, STORED])
async def test_w41_no_answer_in_time(request_: Request) -> None:
    async with answering(silent) as served, asking(served, patience_s=0.2) as session:
        with pytest.raises(Broken, match=r"no answer within 0\.2 s"):
            async with session.ask(request_):
                pass


async def test_w41_headers_that_do_not_end_are_no_answer() -> None:
    said = then_silent(b"HTTP/1.1 200 OK\r\nA: b\r\n")
    async with answering(said) as served, asking(served, patience_s=0.2) as session:
        with pytest.raises(Broken, match="no answer within"):
            async with session.ask(ASKED):
                pass


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000 + b"\r\n\r\n",
        endless(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 1_000),
    ],
)
async def test_w41_what_is_no_answer_of_http(said: bytes | Act) -> None:
    async with answering(said) as served:
        with pytest.raises(Broken, match="no answer") as broken:
            await status(served)
    assert str(broken.value).isprintable()


async def test_a_busy_server_is_asked_again_when_it_says() -> None:
    waits: list[float] = []
    async with (
        answering(BUSY, answer(status=429, Retry_After="0"), answer()) as served,
        asking(served, waits=waits) as session,
        session.ask(STORED) as found,
    ):
        assert found.status == 200
    assert waits == [7.0, 0.0]
    assert [each.body for each in served.asked] == [b"abc"] * 3


@pytest.mark.parametrize(
    ("said", "times"),
    [
        (BUSY, 4),
        (answer(status=503), 1),
        (answer(status=503, Retry_After="61"), 1),
        (answer(status=503, Retry_After="never"), 1),
        (answer(status=500, Retry_After="7"), 1),
    ],
)
async def test_w41_it_is_not_asked_for_ever(said: bytes, times: int) -> None:
    waits: list[float] = []
    async with (
        answering(said) as served,
        asking(served, waits=waits) as session,
        session.ask(ASKED) as found,
    ):
        assert found.status in {500, 503}
    assert (len(served.asked), waits) == (times, [7.0] * (times - 1))


async def test_a_redirect_on_the_same_server_is_followed() -> None:
    async with answering(answer(status=307, Location="/rs/studies?x=1"), answer()) as served:
        assert await status(served) == 200
    assert served.asked[1].target == "/rs/studies?x=1"


@pytest.mark.parametrize(
    "place",
    ["http://elsewhere.invalid/", "//elsewhere.invalid/", "https://127.0.0.1/", "", "http://[/"],
)
async def test_w42_a_redirect_to_another_server_is_not(place: str) -> None:
    async with answering(answer(status=302, Location=place or "http://x.invalid")) as served:
        assert await status(served, token=SECRET) == 302
    assert len(served.asked) == 1


async def test_w42_redirects_in_a_circle_end() -> None:
    async with answering(answer(status=302, Location="/dicomweb/studies")) as served:
        assert await status(served) == 302
    assert len(served.asked) == 6


async def test_a_payload_is_not_redirected() -> None:
    async with answering(answer(status=307, Location="/rs/studies")) as served:
        assert await status(served, STORED) == 307
    assert len(served.asked) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    peers.run(
        peers.program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2,
        "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
        "-keyout", folder / "key.pem", "-out", folder / "certificate.pem",
    )  # fmt: skip
    return folder


def of_server(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


async def test_over_tls(certificate: Path) -> None:
    trusted = tls_context(certificate / "certificate.pem")
    async with (
        answering(tls=of_server(certificate)) as served,
        web_session(served.server(tls=trusted)) as session,
        session.ask(ASKED) as found,
    ):
        assert found.status == 200


async def test_w42_nobody_who_is_not_vouched_for_is_asked(certificate: Path) -> None:
    async with (
        answering(tls=of_server(certificate)) as served,
        web_session(served.server(tls=tls_context(None), token=SECRET)) as session,
    ):
        with pytest.raises(NotReached, match="certificate is not trusted: self"):
            async with session.ask(ASKED):
                pass
    assert served.asked == []


async def test_w42_tls_where_there_is_none() -> None:
    async with answering(b"no TLS at all, but text that is long enough") as served:
        served.scheme = "https"
        server = served.server(tls=tls_context(None), timeouts=WebTimeouts(connect_s=1))
        async with web_session(server) as session:
            with pytest.raises(NotReached):
                async with session.ask(ASKED):
                    pass
