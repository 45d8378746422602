import asyncio
from collections.abc import Sequence

import aiohttp
import pytest
from aiohttp.web import BaseRequest, Server, StreamResponse

from pacsd.dicom.headers import Buffer
from pacsd.net.web.in_pieces import InPieces


async def answered(pieces: Sequence[Buffer]) -> tuple[bytes, str]:
    """What a client gets, and which length it was told."""

    async def answer(_: BaseRequest) -> StreamResponse:
        return InPieces(pieces, 200, {"Content-Type": "a/b"})

    web = Server(answer)
    listening = await asyncio.get_running_loop().create_server(web, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/") as found,
        ):
            return await found.read(), found.headers["Content-Length"]
    finally:
        listening.close()
        await web.shutdown(0)


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b""],
        [b"abc"],
        [b"begin", bytes(600_000), memoryview(b"view"), bytearray(b"array"), b"", b"end"],
    ],
)
async def test_the_pieces_leave_one_behind_the_other(pieces: list[Buffer]) -> None:
    whole = b"".join(pieces)
    assert await answered(pieces) == (whole, str(len(whole)))
