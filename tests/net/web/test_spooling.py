import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

from pacsd.dicom.headers import Buffer
from pacsd.net.web.spooling import Spool, Spooled, Spools


class Held:
    """A spool in memory: the ports are small enough to be kept by anybody."""

    def __init__(self) -> None:
        self.data = b""

    async def write(self, data: Buffer) -> None:
        self.data += bytes(data)

    async def read(self, spooled: Spooled) -> AsyncGenerator[bytes, None]:
        yield self.data[spooled.offset : spooled.offset + spooled.size_bytes]

    async def clear(self) -> None:
        self.data = b""

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[Spool]:
        yield self


async def test_a_stretch_is_told_by_offset_and_size() -> None:
    spools: Spools = Held()
    async with spools.opened() as spool:
        await spool.write(b"abcdef")
        assert [each async for each in spool.read(Spooled(2, 3))] == [b"cde"]
