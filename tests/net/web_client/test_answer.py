import pytest

from pacsd.net.web_client.errors import Broken
from pacsd.net.web_client.session import Request
from tests.net.web_client.answering import (
    Act,
    answer,
    answering,
    asking,
    endless,
    then_silent,
)

ASKED = Request("GET", "/studies")


async def test_it_is_read() -> None:
    async with (
        answering(answer(b"abc", "text/plain; x=y", Warning='299 - "a"')) as served,
        asking(served) as session,
        session.ask(ASKED) as found,
    ):
        assert (found.status, found.media_type.essence) == (200, "text/plain")
        assert found.headers("Warning") == ['299 - "a"']
        assert found.warnings == ["a"]
        assert (found.header("None"), found.headers("None")) == ("", [])
        assert await found.read(3) == b"abc"


async def test_piece_by_piece() -> None:
    async with (
        answering(answer(b"abc" * 100_000)) as served,
        asking(served) as session,
        session.ask(ASKED) as found,
    ):
        assert b"".join([piece async for piece in found.pieces()]) == b"abc" * 100_000


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (answer(b"abcd"), "has 4 bytes, more than 3"),
        (endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536), "more than 3 bytes"),
        (answer(b"ab", length=3), "broke off"),
        (answer(b"ab", Content_Encoding="gzip"), "'gzip' was not asked for"),
    ],
)
async def test_w41_it_is_longer_or_shorter_than_it_may_be(said: bytes | Act, why: str) -> None:
    async with answering(said) as served, asking(served) as session, session.ask(ASKED) as found:
        with pytest.raises(Broken, match=why):
            await found.read(3)


async def test_w41_it_does_not_go_on() -> None:
    said = then_silent(answer(b"ab", length=3))
    async with answering(said) as served, asking(served) as session:
        async with session.ask(ASKED) as found:
            found._patience_s = 0.2
            with pytest.raises(Broken, match=r"did not go on within 0\.2 s"):
                await found.read(3)
        async with session.ask(ASKED) as found:
            found._patience_s = 0.2
            with pytest.raises(Broken, match="did not go on"):
                [piece async for piece in found.pieces()]


async def test_w41_it_breaks_off_between_pieces() -> None:
    async with (
        answering(answer(b"ab", length=3)) as served,
        asking(served) as session,
        session.ask(ASKED) as found,
    ):
        with pytest.raises(Broken, match="broke off"):
            assert [piece async for piece in found.pieces()] == []
