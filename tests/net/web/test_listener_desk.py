from collections.abc import AsyncIterator

from aiohttp.web import BaseRequest, Response

from pacsd.api.access import Action, Principal
from pacsd.net.web.desk import Terms
from pacsd.net.web.listener_desk import BodyRefused, ListenerDesk, Wanted, body_of, told
from tests.net.web.beside import listening

WANTED = Wanted(Action.MANAGE, frozenset({"POST"}))


class Echo:
    """Says what it was sent, up to 10 bytes."""

    def __init__(self) -> None:
        self.doors = ListenerDesk(Terms())

    async def answer(self, request: BaseRequest) -> Response:
        async def say(principal: Principal) -> Response:
            try:
                body = await body_of(request, 10)
            except BodyRefused as refused:
                return told(str(refused), refused.status)
            return told({"who": principal.name, "body": body.decode()})

        return await self.doors.admit(request, WANTED, say)


async def pieces() -> AsyncIterator[bytes]:
    yield b"01234"
    yield b"56789"


async def test_a_body_is_read_whole_up_to_a_bound() -> None:
    async with listening({"/echo": Echo().answer}) as served:
        answer = await served.ask("POST", "/echo", data=b"0123456789")
        assert answer.json == {"who": "", "body": "0123456789"}
        answer = await served.ask("POST", "/echo", data=b"0123456789a")
        assert (answer.status, answer.json) == (413, "the body is longer than 10 bytes")
        url = f"http://{served.address}/echo"
        async with served.client.post(url, data=pieces()) as chunked:
            assert (await chunked.json())["body"] == "0123456789"


async def test_a_method_that_there_is_not_is_told() -> None:
    async with listening({"/echo": Echo().answer}) as served:
        answer = await served.ask("GET", "/echo")
    assert (answer.status, answer.headers["Allow"]) == (405, "OPTIONS, POST")
