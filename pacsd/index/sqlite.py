"""SQLite: everything that is said in its dialect only.

One connection commits and checkpoints, in one thread; readers are `query_only` and never
checkpoint. SQLite 3.7.0 to 3.51.2 can corrupt a WAL database when two connections commit or
checkpoint at once, and every distribution has one of these.
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Table,
    UpdateBase,
    create_engine,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from pacsd.index.errors import IndexFault, IndexFaultKind

DIALECT: Dialect = sqlite.dialect()

Statement: TypeAlias = Select[*tuple[Any, ...]] | UpdateBase

# Measured on ext4: 8 and 16 KiB spare 1 % of the size and no time.
_PAGE_BYTES = 4096
# The writer's cache holds the inner pages of ten million UIDs and the leaves being filled.
_WRITER_CACHE_KIB = 65_536
_READER_CACHE_KIB = 8_192
_BUSY_TIMEOUT_MS = 5_000
# Rows written before the WAL is copied into the database, without waiting for any reader. A commit
# counts for some of them: it writes a page of every table and index, however few its rows.
_CHECKPOINT_ROWS = 8_000
_ROWS_OF_COMMIT = 16
# Above this the WAL is copied and cut even if readers must be waited for.
MAX_WAL_BYTES = 64 * 1024 * 1024

# Of the virtual machine: a millisecond or less.
_STEPS_BETWEEN_LOOKS = 10_000

_MODE = 0o600
_BEGIN = "begin"

_KINDS = {
    sqlite3.SQLITE_FULL: IndexFaultKind.NO_SPACE,
    sqlite3.SQLITE_IOERR: IndexFaultKind.INPUT_OUTPUT,
    sqlite3.SQLITE_CORRUPT: IndexFaultKind.CORRUPT,
    sqlite3.SQLITE_NOTADB: IndexFaultKind.CORRUPT,
    sqlite3.SQLITE_BUSY: IndexFaultKind.BUSY,
    sqlite3.SQLITE_LOCKED: IndexFaultKind.BUSY,
    sqlite3.SQLITE_READONLY: IndexFaultKind.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: IndexFaultKind.UNREADABLE,
}
_PRIMARY_CODE = 0xFF
# These mean that we asked for nonsense: a bug, not a fault of the medium.
_BUGS = (sqlite3.IntegrityError, sqlite3.ProgrammingError)


class Durability(StrEnum):
    """What a commit waits for: FULL survives a power cut, RELAXED the death of the process."""

    FULL = "full"
    RELAXED = "relaxed"


class SqliteFile:
    """A database file. Each connection belongs to the thread that asked for it."""

    def __init__(self, path: Path, durability: Durability = Durability.FULL) -> None:
        self.path = path
        self._synchronous = "FULL" if durability is Durability.FULL else "NORMAL"
        self._changes = 0
        self._rows_in_wal = 0

    def connect_writer(self) -> Connection:
        """The one connection that writes; the file is created, for its owner only.

        Raises:
            IndexFault: there is no such directory, or the file is no database.
        """
        with translated():
            self._create()
            connection = _connect(self.path, begin="BEGIN IMMEDIATE")
            _configure(
                connection,
                f"page_size = {_PAGE_BYTES}",
                "journal_mode = WAL",
                f"synchronous = {self._synchronous}",
                f"cache_size = -{_WRITER_CACHE_KIB}",
                "foreign_keys = ON",
            )
        return connection

    def connect_reader(self) -> Connection:
        """A connection that can change nothing, not even by a checkpoint."""
        with translated():
            connection = _connect(self.path, begin="BEGIN")
            _configure(connection, f"cache_size = -{_READER_CACHE_KIB}", "query_only = ON")
        return connection

    @contextmanager
    def relaxing(self, writer: Connection) -> Iterator[None]:
        """Commits within do not wait for the medium; the next one after it does, for all of them.

        The WAL is read in order and ends where a frame is not whole: what a power cut takes of it
        is the last of what was committed so, and nothing that came after.

        Raises:
            IndexFault: the database fails.
        """
        below = driver(writer)
        with translated():
            below.execute("PRAGMA synchronous = NORMAL").close()
            try:
                yield
            finally:
                below.execute(f"PRAGMA synchronous = {self._synchronous}").close()

    def tend(self, writer: Connection) -> None:
        """Keep the WAL short; after a commit, outside of any transaction."""
        changes = driver(writer).total_changes
        if changes == self._changes:
            return
        self._rows_in_wal += changes - self._changes + _ROWS_OF_COMMIT
        self._changes = changes
        if self._rows_in_wal >= _CHECKPOINT_ROWS:
            self._rows_in_wal = 0
            if self.wal_bytes() < MAX_WAL_BYTES:
                _checkpoint(writer, "PASSIVE")
            else:
                self._truncate_wal(writer)

    def _truncate_wal(self, writer: Connection) -> None:
        """Cut the WAL unless somebody reads: ingest would wait for a reader that takes long."""
        below = driver(writer)
        below.execute("PRAGMA busy_timeout = 0").close()
        try:
            _checkpoint(writer, "TRUNCATE")
        finally:
            below.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}").close()

    def wal_bytes(self) -> int:
        """The size of the write-ahead log; 0 as well while that cannot be told."""
        try:
            return os.stat(f"{self.path}-wal").st_size  # noqa: PTH116 - each commit asks this
        except OSError:
            return 0

    def close_writer(self, writer: Connection) -> None:
        """Copy the whole WAL into the database, and close; after every reader's end."""
        try:
            _checkpoint(writer, "TRUNCATE")
        finally:
            close(writer)

    def remove(self) -> None:
        """Delete the database; nobody may have it open."""
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def _create(self) -> None:
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, _MODE))
        except OSError as error:
            raise IndexFault(IndexFaultKind.UNREADABLE, f"{self.path}: {error}") from error


def table_bytes(connection: Connection) -> dict[str, int]:
    """The size of each table with its indexes; empty where SQLite was built without dbstat."""
    sizes = (
        "SELECT schema.tbl_name, sum(stat.pgsize) FROM dbstat AS stat JOIN sqlite_schema AS schema "
        "ON schema.name = stat.name WHERE stat.aggregate = 1 GROUP BY schema.tbl_name"
    )
    try:
        return dict(driver(connection).execute(sizes).fetchall())
    except sqlite3.OperationalError:
        return {}


def driver(connection: Connection) -> sqlite3.Connection:
    """The connection below SQLAlchemy's."""
    return cast("sqlite3.Connection", connection.connection.driver_connection)


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Commit what is done within, or nothing of it. SQLAlchemy's own way costs 50 us more.

    Raises:
        IndexFault: the medium failed; nothing is visible.
    """
    below = driver(connection)
    with translated():
        below.execute(connection.info[_BEGIN]).close()
        try:
            yield
            below.commit()
        finally:
            # A commit that failed may leave its transaction open.
            if below.in_transaction:
                below.rollback()
            # SQLAlchemy has begun one of its own if it was used.
            connection.rollback()


def close(connection: Connection) -> None:
    """Close a connection for good."""
    connection.close()
    connection.engine.dispose()


def prepared(statement: Statement) -> str:
    """The statement's SQL, to be run below SQLAlchemy with positional parameters."""
    return str(statement.compile(dialect=DIALECT))


def positional(statement: Statement) -> tuple[str, tuple[str, ...]]:
    """The same, and the names of its parameters in their order."""
    compiled = statement.compile(dialect=DIALECT)
    return str(compiled), tuple(compiled.positiontup or ())


@contextmanager
def interrupted_at(connection: Connection, deadline: float) -> Iterator[None]:
    """Break off what is still running at a time of the monotonic clock.

    Raises:
        TimeoutError: that was done.
    """
    below = driver(connection)
    below.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise TimeoutError from error
        raise
    finally:
        below.set_progress_handler(None, 0)


def holds(text: ColumnElement[Any], part: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a text holds another, as it stands."""
    return func.instr(text, part) > literal_column("0")


def values_of_list(parameter: BindParameter[Any]) -> Select[*tuple[Any, ...]]:
    """The values of a JSON list, which is one parameter however long it is."""
    each = func.json_each(parameter).table_valued("value")
    return select(each.c.value)


def at_most(
    selected: Select[*tuple[Any, ...]], number: ColumnElement[int]
) -> Select[*tuple[Any, ...]]:
    """The first rows of a select that is to be `prepared`; by itself it had one parameter more."""
    return selected.limit(number).offset(literal_column("0"))


def insert_or_ignore(table: Table) -> sqlite.Insert:
    """An insert of which a row that breaks a unique constraint is left out."""
    return sqlite.insert(table).on_conflict_do_nothing()


def insert_or_replace(table: Table, *replaced: str) -> sqlite.Insert:
    """An insert that, where the key is there already, replaces these columns."""
    return insert_or_set(table, [each.name for each in table.primary_key], *replaced)


def insert_or_set(table: Table, key: Sequence[str], *replaced: str) -> sqlite.Insert:
    """The same, where the key is a unique constraint."""
    statement = sqlite.insert(table)
    values = {each: statement.excluded[each] for each in replaced}
    return statement.on_conflict_do_update(index_elements=list(key), set_=values)


def insert_or_add(table: Table, number: str, *key: str) -> sqlite.Insert:
    """An insert that, where the key is there already, adds to its number."""
    statement = sqlite.insert(table)
    added = {number: table.c[number] + statement.excluded[number]}
    return statement.on_conflict_do_update(index_elements=list(key), set_=added)


@contextmanager
def translated() -> Iterator[None]:
    """Raise what the medium did to the database as IndexFault; bugs stay what they are."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error) and not isinstance(error.orig, _BUGS):
            raise _fault(error.orig) from error
        raise
    except sqlite3.Error as error:
        if isinstance(error, _BUGS):
            raise
        raise _fault(error) from error


def _fault(error: sqlite3.Error) -> IndexFault:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return IndexFault(_KINDS.get(code, IndexFaultKind.OTHER), f"{name}: {error}")


def _connect(path: Path, *, begin: str) -> Connection:
    def opened() -> sqlite3.Connection:
        # Transactions are begun by `transaction`, not guessed from statements by the driver.
        return sqlite3.connect(path, isolation_level=None)

    # Parameters are patients' values: they stay out of messages.
    engine = create_engine("sqlite://", creator=opened, poolclass=NullPool, hide_parameters=True)
    connection = engine.connect()
    connection.info[_BEGIN] = begin
    return connection


def _configure(connection: Connection, *pragmas: str) -> None:
    # No mmap: a medium's fault would kill the process instead of being raised.
    always = (f"busy_timeout = {_BUSY_TIMEOUT_MS}", "wal_autocheckpoint = 0", "mmap_size = 0")
    for pragma in (*pragmas, *always, "temp_store = MEMORY"):
        driver(connection).execute(f"PRAGMA {pragma}").close()


def _checkpoint(writer: Connection, mode: str) -> None:
    driver(writer).execute(f"PRAGMA wal_checkpoint({mode})").close()
