"""Copies: fetched objects in the spool, under keys of the spool's own.

A copy begins with a line that says whose copy it is; by it a start knows it from an object that
waits for the far store. The line names the archive, so nothing a peer sent can look like it.
"""

from collections.abc import AsyncIterator, Sequence

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore, Buffer, ByteRange, Location, ReadsTogether, StageRequest
from pacsd_store_s3.keys import is_key

HEADER_BYTES = 512
"""What comes before the bytes of the object."""

PARTITION = 1
GROUP_OBJECTS = 256


class _NoDigest:
    """A copy was verified already."""

    def update(self, data: Buffer, /) -> None:
        """Nothing to do."""


class Copies:
    """Makes copies, and tells them from other objects of the spool."""

    def __init__(self, spool: BlobStore, identity: str) -> None:
        self._spool = spool
        self._start = f"pacsd copy of {identity} ".encode("ascii")

    async def keep(self, key: str, pieces: AsyncIterator[bytes]) -> Location:
        """Put an object's bytes into the spool; where.

        Raises:
            StoreError: the spool does not take it.
        """
        header = (self._start + key.encode("ascii") + b"\n").ljust(HEADER_BYTES, b"\0")
        staged = await self._spool.stage(StageRequest(PARTITION, header, _NoDigest()))
        try:
            async for piece in pieces:
                await staged.write([piece])
            [result] = await self._spool.commit([staged])
        except BaseException:
            await staged.abort()
            raise
        if isinstance(result, StoreError):
            raise result
        return result

    async def keys_of(self, locations: Sequence[Location]) -> list[str | None]:
        """Of which object each is a copy; None for what is no copy."""
        beginnings = await _beginnings(self._spool, locations)
        return [self._key_of(data) for data in beginnings]

    def _key_of(self, data: bytes) -> str | None:
        if len(data) < HEADER_BYTES or not data.startswith(self._start):
            return None
        key = data[len(self._start) :].partition(b"\n")[0].decode("ascii", errors="replace")
        return key if is_key(key) else None


async def _beginnings(spool: BlobStore, locations: Sequence[Location]) -> list[bytes]:
    """The first bytes of each; b"" of what is too short or cannot be read."""
    if isinstance(spool, ReadsTogether):
        long = [each for each in locations if each.size_bytes >= HEADER_BYTES]
        answers = await spool.read_together([(each, ByteRange(0, HEADER_BYTES)) for each in long])
        found = {
            each.key: answer
            for each, answer in zip(long, answers, strict=True)
            if isinstance(answer, bytes)
        }
        return [found.get(each.key, b"") for each in locations]
    return [await _beginning(spool, each) for each in locations]


async def _beginning(spool: BlobStore, location: Location) -> bytes:
    if location.size_bytes < HEADER_BYTES:
        return b""
    try:
        pieces = spool.read(location, [ByteRange(0, HEADER_BYTES)])
        return b"".join([piece async for piece in pieces])
    except StoreError:
        return b""
