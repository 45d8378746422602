"""Objects that only the far store has: fetched, verified, and handed to the cache.

Not a byte is given out that was not verified: an object as a whole, a large one by its blocks.
"""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import anyio
import anyio.to_thread
from pacsd_s3_client.far import Far, FarObject
from pacsd_s3_client.faults import FarError, FarFault

from pacsd.api.plugin import Logger
from pacsd.api.store import ByteRange
from pacsd_store_s3.backoff import Backoff
from pacsd_store_s3.blocks import BLOCK_BYTES, BlockTable, decode_table, sha256_hex
from pacsd_store_s3.keys import Names
from pacsd_store_s3.ranges import in_blocks, wanted_ranges
from pacsd_store_s3.shared import Shared

TRIES = 3
BETWEEN_TRIES = Backoff(0.1, 1.0)
KEPT_OBJECTS = 2
KEPT_BLOCKS = 4
KEPT_TABLES = 64
WAITING_FILLS = 16
MAX_TABLE_BYTES = 4 * 1024 * 1024
"""Of an object of half a terabyte."""

MAX_WITHOUT_TABLE_BYTES = 256 * 1024 * 1024
"""The most that `max_whole_bytes` may have been when an object without a table was uploaded."""

Answer = TypeVar("Answer")
Keep = Callable[[str, AsyncIterator[bytes], int], Awaitable[None]]
"""Puts the bytes of an object, whose size is known, into the cache; raises nothing."""


class Fetching:
    """Reads from the far store; so many requests at once."""

    def __init__(
        self,
        far: Far,
        names: Names,
        logger: Logger,
        keep: Keep,
        *,
        at_once: int,
        max_whole_bytes: int,
        between_tries: Backoff = BETWEEN_TRIES,
    ) -> None:
        self._far = far
        self._names = names
        self._logger = logger
        self._keep = keep
        self._max_whole_bytes = max_whole_bytes
        self._between_tries = between_tries
        self._turns = anyio.CapacityLimiter(at_once)
        self._objects: Shared[str, bytes] = Shared(KEPT_OBJECTS)
        self._tables: Shared[str, BlockTable | None] = Shared(KEPT_TABLES)
        self._blocks: Shared[tuple[str, int], bytes] = Shared(KEPT_BLOCKS)
        self._fills: deque[tuple[str, int]] = deque(maxlen=WAITING_FILLS)
        self._has_fills = anyio.Event()
        self.damaged = 0
        """How often what came was not what had been stored."""

    async def run(self) -> None:
        """Put large objects that were asked for into the cache, until cancelled."""
        while True:
            while self._fills:
                key, size_bytes = self._fills.popleft()
                whole = (ByteRange(0, size_bytes),)
                await self._keep(key, self._read_blocks(key, whole), size_bytes)
            self._has_fills = anyio.Event()
            await self._has_fills.wait()

    async def read(
        self, key: str, size_bytes: int, ranges: Sequence[ByteRange] | None
    ) -> AsyncGenerator[bytes, None]:
        """Ranges of an object, or all of it; `size_bytes` says what to expect, not what there is.

        Raises:
            StoreError: as `BlobStore.read` does.
        """
        table = None
        try:
            if size_bytes > self._max_whole_bytes:
                table = await self._tables.get(key, partial(self._table, key))
            if table is None:
                data = await self._objects.get(key, partial(self._whole, key))
                for wanted in wanted_ranges(ranges, len(data)):
                    for piece in _pieces(data, wanted):
                        yield piece
                return
            wanted_parts = wanted_ranges(ranges, table.size_bytes)
            self._ask_for_fill(key, table.size_bytes)
            async for piece in self._read_blocks(key, wanted_parts):
                yield piece
        except FarError as error:
            raise error.as_store_error("read") from error

    async def facts(self, key: str) -> FarObject | None:
        """What the far store says of an object.

        Raises:
            StoreError: it cannot be asked.
        """
        try:
            return await self._tried(partial(self._far.facts, self._names.object(key)))
        except FarError as error:
            raise error.as_store_error("stat") from error

    def forget(self, key: str) -> None:
        """An object was deleted."""
        self._objects.forget(key)
        self._tables.forget(key)

    async def _whole(self, key: str) -> bytes:
        data = await self._tried(partial(self._verified_whole, key))
        await self._keep(key, _one(data), len(data))
        return data

    async def _verified_whole(self, key: str) -> bytes:
        most_bytes = max(self._max_whole_bytes, MAX_WITHOUT_TABLE_BYTES)
        data, facts = await self._far.get(self._names.object(key), most_bytes=most_bytes)
        digest = await anyio.to_thread.run_sync(sha256_hex, data)
        if digest != facts.sha256:
            raise self._is_damaged(key, "the object")
        return data

    async def _table(self, key: str) -> BlockTable | None:
        name = self._names.blocks(key)
        try:
            get = partial(self._far.get, name, most_bytes=MAX_TABLE_BYTES)
            data, _ = await self._tried(get)
            return decode_table(data)
        except ValueError:
            raise self._is_damaged(key, "the table of blocks") from None
        except FarError as error:
            if error.fault is not FarFault.MISSING:
                raise
            return None

    async def _read_blocks(
        self, key: str, ranges: Sequence[ByteRange]
    ) -> AsyncGenerator[bytes, None]:
        table = await self._tables.get(key, partial(self._table, key))
        if table is None:
            raise FarError(FarFault.MISSING, "no such object")
        for index, part in in_blocks(ranges):
            block = await self._blocks.get((key, index), partial(self._block, key, table, index))
            yield block[part]

    async def _block(self, key: str, table: BlockTable, index: int) -> bytes:
        return await self._tried(partial(self._verified_block, key, table, index))

    async def _verified_block(self, key: str, table: BlockTable, index: int) -> bytes:
        name, start = self._names.object(key), index * BLOCK_BYTES
        data = await self._far.get_range(name, start, table.length_of(index))
        if not await anyio.to_thread.run_sync(table.is_block, index, data):
            raise self._is_damaged(key, f"block {index}")
        return data

    def _is_damaged(self, key: str, what: str) -> FarError:
        self.damaged += 1
        self._logger.error("the far store gives other bytes than it was given", key=key, what=what)
        return FarError(FarFault.REFUSED, f"{what} is not what was stored: other bytes")

    async def _tried(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """What is asked for, after a few tries if need be: some faults pass."""
        for failures in range(1, TRIES):
            try:
                async with self._turns:
                    return await ask()
            except FarError as error:
                if error.fault is FarFault.MISSING:
                    raise
            await anyio.sleep(self._between_tries.wait_s(failures))
        async with self._turns:
            return await ask()

    def _ask_for_fill(self, key: str, size_bytes: int) -> None:
        if (key, size_bytes) not in self._fills and len(self._fills) < WAITING_FILLS:
            self._fills.append((key, size_bytes))
            self._has_fills.set()


PIECE_BYTES = 1024 * 1024


def _pieces(data: bytes, wanted: ByteRange) -> "list[bytes]":
    """A range of bytes in pieces of 1 MiB; the whole of a small one is not copied."""
    if wanted.offset_bytes == 0 and wanted.length_bytes == len(data) <= PIECE_BYTES:
        return [data] if data else []
    end = wanted.offset_bytes + wanted.length_bytes
    starts = range(wanted.offset_bytes, end, PIECE_BYTES)
    return [data[at : min(end, at + PIECE_BYTES)] for at in starts]


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data
