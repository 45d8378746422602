"""One object uploaded: read from the spool, digested, put, and looked at before it counts."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from typing import TypeVar

import anyio.to_thread
from pacsd_s3_client.far import Far, FarObject
from pacsd_s3_client.faults import FarError, FarFault

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore
from pacsd_store_s3.blocks import Digesting, sha256_hex
from pacsd_store_s3.catalogue import Place
from pacsd_store_s3.keys import Names

INLINE_BYTES = 65_536
"""So many bytes are digested without a hop to a thread, which takes as long."""

Answer = TypeVar("Answer")


class Upload:
    """Uploads objects of the spool. Memory for one: its bytes, or three parts of a large one."""

    def __init__(
        self, spool: BlobStore, far: Far, names: Names, *, part_bytes: int, max_whole_bytes: int
    ) -> None:
        self._spool = spool
        self._far = far
        self._names = names
        self._part_bytes = part_bytes
        self._max_whole_bytes = max_whole_bytes

    async def __call__(self, key: str, place: Place) -> FarObject:
        """Upload an object; what the far store says of it then.

        One that is there already and is the same was uploaded before.

        Raises:
            FarError: it may be there or not; nobody has looked.
        """
        try:
            if place.location.size_bytes <= self._part_bytes:
                return await self._in_one(key, place)
            return await self._in_parts(key, place)
        except StoreError as error:
            raise FarError(FarFault.REFUSED, f"the spool cannot read it: {error}") from error

    async def _in_one(self, key: str, place: Place) -> FarObject:
        data = b"".join([piece async for piece in self._pieces(place)])
        if len(data) > self._max_whole_bytes:
            digesting = Digesting()
            await _off_loop(partial(digesting.update, data), len(data))
            await self._put_table(key, digesting)
        sha256 = await _off_loop(partial(sha256_hex, data), len(data))
        name = self._names.object(key)
        try:
            await self._far.put_new(name, data, sha256)
        except FarError as error:
            if error.fault is not FarFault.EXISTS:
                raise
        return await self._looked_at(name, len(data), sha256)

    async def _in_parts(self, key: str, place: Place) -> FarObject:
        """Read it twice: its digest goes ahead of it, and there is no conditional put in parts."""
        digesting = Digesting()
        async for piece in self._pieces(place):
            await _off_loop(partial(digesting.update, piece), len(piece))
        if digesting.size_bytes > self._max_whole_bytes:
            await self._put_table(key, digesting)
        name, sha256 = self._names.object(key), digesting.hexdigest()
        if await self._far.facts(name) is None:
            await self._far.put_in_parts(
                name, self._pieces(place), sha256, part_bytes=self._part_bytes
            )
        return await self._looked_at(name, digesting.size_bytes, sha256)

    async def _put_table(self, key: str, digesting: Digesting) -> None:
        table, name = digesting.table().encode(), self._names.blocks(key)
        try:
            await self._far.put_new(name, table)
        except FarError as error:
            if error.fault is not FarFault.EXISTS:
                raise
            found, _ = await self._far.get(name, most_bytes=len(table))
            if found != table:
                raise FarError(FarFault.REFUSED, "another table of blocks lies there") from None

    async def _looked_at(self, name: str, size_bytes: int, sha256: str) -> FarObject:
        """A server that says it has an object may be wrong: only one that shows it is believed."""
        found = await self._far.facts(name)
        if found is None:
            raise FarError(FarFault.REFUSED, "it took the object and has it not")
        if (found.size_bytes, found.sha256) != (size_bytes, sha256):
            text = f"another object lies there, of {found.size_bytes} bytes instead of {size_bytes}"
            raise FarError(FarFault.REFUSED, text)
        return found

    async def _pieces(self, place: Place) -> AsyncIterator[bytes]:
        async with aclosing(self._spool.read(place.location)) as pieces:
            async for piece in pieces:
                yield piece


async def _off_loop(work: Callable[[], Answer], size_bytes: int) -> Answer:
    if size_bytes <= INLINE_BYTES:
        return work()
    return await anyio.to_thread.run_sync(work)
