"""Where the threads work: connections, and the transactions around units of work."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection, func, insert, select

from pacsd.index import schema, schema_records
from pacsd.index.bell import Bells
from pacsd.index.errors import IndexFault
from pacsd.index.headers import HeaderWriter
from pacsd.index.records import AuditRow
from pacsd.index.session import NewHeader, Relaxed, WriteSession
from pacsd.index.sqlite import SqliteFile, close, transaction, translated
from pacsd.index.versions import bring_up_to_date

Answer = TypeVar("Answer")


@dataclass(slots=True)
class DeskFacts:
    """What a writer's desk tells about itself; only its thread writes.

    `alterations` counts the units after which something was no more as it was, or may be; what they
    only added is not among them. It has risen when such a unit is answered. `audited` is called by
    the writer's thread with what was added to the audit trail, once that is committed.
    """

    upgraded_from: str = ""
    wal_bytes: int = 0
    failed_checkpoints: int = 0
    header_failures: int = 0
    headers_recreated_because: str = ""
    waiting_headers: dict[int, NewHeader] = field(default_factory=dict)
    waiting_metadata: dict[int, NewHeader] = field(default_factory=dict)
    alterations: int = 0
    audited: Callable[[Sequence[AuditRow]], None] | None = None


@dataclass(frozen=True, slots=True)
class IndexFiles:
    """The databases of an index; of the first alone anything is lost when it is."""

    index: SqliteFile
    headers: SqliteFile
    metadata: SqliteFile


class WriterDesk:
    """The one connection that writes the index, and those of headers and metadata beside it.

    It rings a bell when the change log has grown, and one when a job may be due.

    Raises:
        IndexFault: the database cannot be opened, or is of a version we do not know.
    """

    def __init__(
        self, files: IndexFiles, now_us: Callable[[], int], facts: DeskFacts, bells: Bells
    ) -> None:
        self._file = files.index
        self._facts = facts
        self._bells = bells
        self._connection = files.index.connect_writer()
        try:
            with translated():
                facts.upgraded_from = bring_up_to_date(self._connection) or ""
                self._session = WriteSession(self._connection, now_us)
                epoch, highest = _identity(self._connection)
            self._headers = HeaderWriter(files.headers, epoch, highest)
            self._metadata = HeaderWriter(files.metadata, epoch, highest)
        except BaseException:
            close(self._connection)
            raise
        facts.headers_recreated_because = self._headers.recreated_because
        facts.header_failures = self._failures()
        facts.waiting_headers = self._headers.waiting
        facts.waiting_metadata = self._metadata.waiting

    def perform(self, work: Callable[[WriteSession], Answer]) -> Answer:
        """Do a unit in one transaction, durable once this returns unless it is `Relaxed`."""
        is_relaxed = isinstance(work, Relaxed)
        relaxing = self._file.relaxing(self._connection) if is_relaxed else nullcontext()
        try:
            with relaxing, transaction(self._connection):
                return work(self._session)
        except BaseException:
            self._session.forget()
            raise
        finally:
            # Of a unit that raised as well: its end may have failed after it was committed.
            if self._session.has_altered:
                self._session.has_altered = False
                self._facts.alterations += 1

    def tend(self) -> None:
        """Tell of changes, write headers and metadata of what was committed, keep the WAL short."""
        if self._session.has_logged:
            self._session.has_logged = False
            self._bells.changes.ring()
        if self._session.has_queued:
            self._session.has_queued = False
            self._bells.jobs.ring()
        self._tell_audited()
        self._headers.keep(self._session.new_headers)
        self._session.new_headers.clear()
        self._metadata.keep(self._session.new_metadata)
        self._session.new_metadata.clear()
        self._headers.forget(self._session.gone)
        self._metadata.forget(self._session.gone)
        self._session.gone.clear()
        self._facts.header_failures = self._failures()
        try:
            with translated():
                self._file.tend(self._connection)
        except IndexFault:
            # The WAL grows until a later one succeeds, or the next commit tells the caller.
            self._facts.failed_checkpoints += 1
        self._facts.wal_bytes = self._file.wal_bytes()

    def close(self) -> None:
        """Copy the WAL into the database and close."""
        self._headers.close()
        self._metadata.close()
        # The next open finds the WAL as it is.
        with suppress(IndexFault), translated():
            self._file.close_writer(self._connection)

    def _tell_audited(self) -> None:
        rows, self._session.new_audit = self._session.new_audit, []
        if rows and self._facts.audited is not None:
            self._facts.audited(rows)

    def _failures(self) -> int:
        return self._headers.failures + self._metadata.failures


class ReaderDesk:
    """A connection that reads, one transaction for each unit."""

    def __init__(self, file: SqliteFile) -> None:
        self._connection = file.connect_reader()

    def perform(self, work: Callable[[Connection], Answer]) -> Answer:
        """Do a unit on one state of the database."""
        with transaction(self._connection):
            return work(self._connection)

    def tend(self) -> None:
        """Nothing is due."""

    def close(self) -> None:
        """Close the connection."""
        close(self._connection)


def _identity(connection: Connection) -> tuple[str, int]:
    """The epoch of the change log, new for a new database, and the highest instance."""
    meta = schema_records.meta
    with transaction(connection):
        chosen = select(meta.c.value).where(meta.c.key == schema_records.EPOCH)
        epoch = connection.execute(chosen).scalar()
        if epoch is None:
            epoch = secrets.token_hex(8)
            connection.execute(insert(meta).values(key=schema_records.EPOCH, value=epoch))
        highest = connection.execute(select(func.max(schema.instance.c.id))).scalar()
    return epoch, highest or 0
