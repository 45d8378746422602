"""The spool's state log, mirrored to the far store behind, and brought back from there."""

from collections import deque
from collections.abc import AsyncGenerator, Sequence
from itertools import islice

import anyio
from pacsd_s3_client.faults import FarError, FarFault

from pacsd.api.errors import StoreError
from pacsd.api.plugin import Logger
from pacsd.api.state_log import StateLog
from pacsd_store_s3.backoff import WHILE_DOWN, Backoff
from pacsd_store_s3.segments import MAX_RECORDS, Segments

TAIL_RECORDS = 1024
"""So many of the last records are kept in memory, that mirroring need not read the log."""


class MirroredStateLog:
    """Appends to the spool's log; `run` carries the records on."""

    def __init__(
        self,
        log: StateLog,
        segments: Segments,
        logger: Logger,
        *,
        backoff: Backoff = WHILE_DOWN,
        tail_records: int = TAIL_RECORDS,
    ) -> None:
        self._log = log
        self._segments = segments
        self._logger = logger
        self._backoff = backoff
        self._tail_records = tail_records
        self._one_writer = anyio.Lock()
        self._grown = anyio.Event()
        self._tail: deque[bytes] = deque()
        # Number of the record behind the last one; None before the log was read to its end.
        self._end: int | None = None
        # Number of the first record that the far store lacks; None before it was asked.
        self._mirrored: int | None = None
        self.failure: Exception | None = None
        """Why the far store lacks records; None when it lacks none that it could have."""

    @property
    def mirrored(self) -> int:
        """How many records the far store has, as far as is known."""
        return self._mirrored or 0

    async def append(self, records: Sequence[bytes], /) -> None:
        """Add records; see the port."""
        async with self._one_writer:
            await self._log.append(records)
            if self._end is not None:
                self._tail.extend(records)
                self._end += len(records)
                while len(self._tail) > self._tail_records:
                    self._tail.popleft()
        self._grown.set()

    def read(self) -> AsyncGenerator[bytes, None]:
        """Every record; see the port."""
        return self._log.read()

    async def run(self) -> None:
        """Mirror until cancelled."""
        failures = 0
        while True:
            self._grown = grown = anyio.Event()
            try:
                await self.mirror()
            except (FarError, StoreError) as error:
                failures += 1
                if self.failure is None:
                    self._logger.warning("the state log is not mirrored", why=str(error))
                self.failure = error
                await anyio.sleep(self._backoff.wait_s(failures))
            else:
                failures, self.failure = 0, None
                await grown.wait()

    async def mirror(self) -> None:
        """Put what the far store lacks.

        Raises:
            FarError, StoreError: some of it is not there yet.
        """
        if self._mirrored is None:
            self._mirrored = await self._number_there()
        while records := await self._next(self._mirrored):
            self._mirrored += await self._segments.put(self._mirrored, records)

    async def _number_there(self) -> int:
        """How many records the far store has."""
        last: int | None = None
        async for first in self._segments.firsts():
            last = first
        return 0 if last is None else last + len(await self._segments.get(last))

    async def _next(self, number: int) -> list[bytes]:
        """Records from a number on."""
        async with self._one_writer:
            if self._end is None or number < self._end - len(self._tail):
                return await self._read_from(number)
            start = number - (self._end - len(self._tail))
            return list(islice(self._tail, start, start + MAX_RECORDS))

    async def _read_from(self, number: int) -> list[bytes]:
        end, records = 0, list[bytes]()
        async for record in self._log.read():
            if number <= end < number + MAX_RECORDS:
                records.append(record)
            end += 1
        if self._end is None:
            self._end = end
        return records


async def bring_back(log: StateLog, segments: Segments) -> int:
    """Append to a new spool's log what the far store has of it; how many records that are.

    Raises:
        FarError: the far store fails, or lacks some of them.
        StoreError: the log takes nothing.
    """
    there = 0
    async for _ in log.read():
        there += 1
    expected = brought = 0
    async for first in segments.firsts():
        if first != expected:
            text = f"the state log's segment from record {expected} on is missing"
            raise FarError(FarFault.MISSING, text)
        records = await segments.get(first)
        missing = records[max(0, there - first) :]
        if missing:
            await log.append(missing)
            brought += len(missing)
        expected = first + len(records)
    return brought
