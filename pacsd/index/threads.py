"""The threads of the index: one that writes, a few that read, one of them what takes long.

Own threads, because a transaction is one hop so, and with aiosqlite one for each statement:
measured for the six statements of a group, 75 us of CPU against 210 to 340 beside the database's.
"""

from collections.abc import Callable, Sequence
from threading import Thread
from typing import Protocol, TypeVar

import anyio
import anyio.to_thread
from sqlalchemy import Connection

from pacsd.index.session import WriteSession
from pacsd.index.unit_queue import Priority, UnitQueue

Answer = TypeVar("Answer")
Hand = TypeVar("Hand")
Hand_co = TypeVar("Hand_co", covariant=True)

_WRITE_CAPACITY = 64
_READ_CAPACITY = 64


class Desk(Protocol[Hand_co]):
    """A thread's place of work; opened, used and closed by that thread only."""

    def perform(self, work: Callable[[Hand_co], Answer], /) -> Answer:
        """Do a unit within one transaction; nothing of it stays if it raises."""

    def tend(self) -> None:
        """Do what is due after a unit was answered; never raises."""

    def close(self) -> None:
        """Close the connection."""


class Threads:
    """The door to the writer and the readers, for the event loop.

    Desks are opened by the first unit that needs them: what this raises, it raises.
    """

    def __init__(
        self,
        open_writer: Callable[[], Desk[WriteSession]],
        open_reader: Callable[[], Desk[Connection]],
        open_headers: Callable[[], Desk[Connection]],
        open_metadata: Callable[[], Desk[Connection]],
        readers: int,
    ) -> None:
        self._writes: UnitQueue[WriteSession] = UnitQueue(_WRITE_CAPACITY)
        self._reads: UnitQueue[Connection] = UnitQueue(_READ_CAPACITY)
        self._long_reads: UnitQueue[Connection] = UnitQueue(_READ_CAPACITY)
        self._queries: UnitQueue[Connection] = UnitQueue(_READ_CAPACITY)
        self._header_reads: UnitQueue[Connection] = UnitQueue(_READ_CAPACITY)
        self._metadata_reads: UnitQueue[Connection] = UnitQueue(_READ_CAPACITY)
        self._writer = _started("index writer", self._writes, open_writer)
        self._readers = [
            _started(f"index reader {number}", self._reads, open_reader)
            for number in range(1, readers + 1)
        ]
        self._readers += [
            _started(f"index queries {number}", self._queries, open_reader)
            for number in range(1, readers + 1)
        ]
        self._readers.append(_started("index long reads", self._long_reads, open_reader))
        self._readers.append(_started("index headers", self._header_reads, open_headers))
        self._readers.append(_started("index metadata", self._metadata_reads, open_metadata))

    @property
    def waiting_units(self) -> int:
        """Units of work that no thread has taken yet."""
        reading = sum(units.waiting_units for units in self._all_reads())
        return self._writes.waiting_units + reading

    async def write(
        self, work: Callable[[WriteSession], Answer], priority: Priority = Priority.JOBS
    ) -> Answer:
        """Have a unit done by the writer, in one transaction."""
        return await self._writes.call(work, priority)

    async def read(
        self, work: Callable[[Connection], Answer], priority: Priority = Priority.INGEST
    ) -> Answer:
        """Have a unit done by a reader, on one state of the database."""
        return await self._reads.call(work, priority)

    async def query(self, work: Callable[[Connection], Answer]) -> Answer:
        """Have a unit done that a peer's query needs: these wait for each other, nobody for them.

        They are bounded in time each, but not as short as what ingest reads.
        """
        return await self._queries.call(work, Priority.INGEST)

    async def read_long(self, work: Callable[[Connection], Answer]) -> Answer:
        """Have a unit done that reads whole tables, one such at a time, beside all others."""
        return await self._long_reads.call(work, Priority.MAINTENANCE)

    async def read_headers(self, work: Callable[[Connection], Answer]) -> Answer:
        """Have a unit done by the reader of the header database."""
        return await self._header_reads.call(work, Priority.INGEST)

    async def read_metadata(self, work: Callable[[Connection], Answer]) -> Answer:
        """Have a unit done by the reader of the metadata that was made."""
        return await self._metadata_reads.call(work, Priority.INGEST)

    async def close(self) -> None:
        """Finish what waits, refuse what comes; returns once the threads are gone."""
        with anyio.CancelScope(shield=True):
            for units in self._all_reads():
                units.close()
            await anyio.to_thread.run_sync(_join, self._readers)
            # The writer goes last: the last connection's end cuts the WAL.
            self._writes.close()
            await anyio.to_thread.run_sync(_join, [self._writer])

    def _all_reads(self) -> list[UnitQueue[Connection]]:
        lookups = [self._reads, self._queries, self._long_reads]
        return [*lookups, self._header_reads, self._metadata_reads]


def _started(name: str, units: UnitQueue[Hand], open_desk: Callable[[], Desk[Hand]]) -> Thread:
    # Daemon: an index that nobody closed does not keep the process, and loses nothing.
    thread = Thread(target=_serve, args=(units, open_desk), name=name, daemon=True)
    thread.start()
    return thread


def _serve(units: UnitQueue[Hand], open_desk: Callable[[], Desk[Hand]]) -> None:
    desk: Desk[Hand] | None = None
    try:
        while (unit := units.take()) is not None:
            with unit:
                desk = desk or open_desk()
                unit.answer = desk.perform(unit.work)
            del unit  # an answer, or an error, is not kept until the next one comes
            if desk is not None:
                desk.tend()
    finally:
        units.abandon()
        if desk is not None:
            desk.close()


def _join(threads: Sequence[Thread]) -> None:
    for thread in threads:
        thread.join()
