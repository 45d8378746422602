"""The header database: a second file that gives headers back without opening the stored files.

It is not authoritative: written after the index's commit by the same thread, thrown away when it
is damaged or another index's. What it lacks must be read from the stored files again. The first
header of a series stands alone and is the dictionary of the others.

Metadata that was made of instances is kept in another file in the same way (see `Index.metadata`).
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
)

from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.header_codec import deflate, dictionary_of, inflate
from pacsd.index.recent import Recent
from pacsd.index.schema import RowId
from pacsd.index.selections import slices
from pacsd.index.session import NewHeader
from pacsd.index.sqlite import (
    SqliteFile,
    close,
    driver,
    insert_or_replace,
    prepared,
    transaction,
    translated,
    values_of_list,
)

_FORMAT = "1"
_DICTIONARIES_KEPT = 128
_BATCH_HEADERS = 64
_BATCH_BYTES = 1024 * 1024
_ALONE = 0

METADATA = MetaData()

header = Table(
    "header",
    METADATA,
    Column("instance_row", RowId, primary_key=True, autoincrement=False),
    Column("base_row", RowId, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
first_header = Table(
    "first_header",
    METADATA,
    Column("series_row", RowId, primary_key=True, autoincrement=False),
    Column("instance_row", RowId, nullable=False),
)
fact = Table(
    "fact",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

_BODIES = prepared(
    select(header.c.instance_row, header.c.base_row, header.c.body).where(
        header.c.instance_row.in_(values_of_list(bindparam("instances")))
    )
)
_FIRST_OF_SERIES = select(header.c.instance_row, header.c.body).join(
    first_header, first_header.c.instance_row == header.c.instance_row
)
_INSERT = insert_or_replace(header, "base_row", "body").values(
    instance_row=bindparam("instance"), base_row=bindparam("base"), body=bindparam("deflated")
)
_INSERT_FIRST = insert_or_replace(first_header, "instance_row").values(
    series_row=bindparam("series"), instance_row=bindparam("instance")
)


def read_headers(headers: Connection, instances: Sequence[int]) -> dict[int, bytes]:
    """The headers there are, by instance; blocks."""
    rows = _bodies(headers, instances)
    bases = {base for _, base, _ in rows if base != _ALONE}
    dictionaries = {_ALONE: b""}
    for base, _, body in _bodies(headers, sorted(bases)):
        dictionaries[base] = dictionary_of(inflate(body) or b"")
    inflated = ((row, inflate(body, dictionaries.get(base, b""))) for row, base, body in rows)
    return {instance: whole for instance, whole in inflated if whole is not None}


def _bodies(headers: Connection, instances: Sequence[int]) -> list[tuple[int, int, bytes]]:
    """Instance, base and body, by one statement that was made once."""
    return driver(headers).execute(_BODIES, (json.dumps(instances),)).fetchall()


def has_headers(headers: Connection) -> bool:
    """Whether there is any header; blocks."""
    return headers.execute(select(header.c.instance_row).limit(1)).first() is not None


class HeaderWriter:
    """The writer's hand on the header database. No fault of it is raised.

    Headers wait in memory until there are some to write: a transaction for each would cost more
    than all else. `waiting` is for readers, any thread's: what is not in it any more is written.
    `failures` counts what could not be done; `recreated_because` says why the database was found
    wanting at open and made anew, '' when it was not.
    """

    def __init__(self, file: SqliteFile, epoch: str, highest_instance: int) -> None:
        self.waiting: dict[int, NewHeader] = {}
        self.failures = 0
        self.recreated_because = ""
        self._waiting_bytes = 0
        self._file = file
        self._is_damaged = False
        self._dictionaries: Recent[int, tuple[int, bytes]] = Recent(_DICTIONARIES_KEPT)
        self._insert, self._insert_first = prepared(_INSERT), prepared(_INSERT_FIRST)
        self._connection: Connection | None = None
        with self._contained():
            self._connection = self._opened(epoch, highest_instance)

    def keep(self, headers: Sequence[NewHeader]) -> None:
        """Keep headers, in place of those that are there."""
        for each in headers:
            self.waiting[each.instance] = each
            self._waiting_bytes += len(each.header)
        if len(self.waiting) >= _BATCH_HEADERS or self._waiting_bytes >= _BATCH_BYTES:
            self.flush()

    def forget(self, instances: Sequence[int]) -> None:
        """Remove the headers of instances that are gone.

        What has one of them for its dictionary is not read any more, but from its file again.
        """
        if not instances:
            return
        self.flush()
        self._dictionaries.clear()
        if self._connection is None:
            return
        with self._contained(), transaction(self._connection):
            for some in slices(instances):
                for table in (header, first_header):
                    gone = delete(table).where(table.c.instance_row.in_(some))
                    self._connection.execute(gone)

    def flush(self) -> None:
        """Write what waits."""
        if not self.waiting:
            return
        if self._connection is None:
            self.failures += 1
        else:
            with self._contained():
                self._write(self._connection)
        self.waiting.clear()
        self._waiting_bytes = 0

    def close(self) -> None:
        """Close the database, and throw it away when it was found damaged."""
        self.flush()
        if self._connection is not None:
            with self._contained():
                self._file.close_writer(self._connection)
        if self._is_damaged:
            self._file.remove()

    def _write(self, connection: Connection) -> None:
        with transaction(connection):
            rows = [
                (each.instance, *self._packed(connection, each)) for each in self.waiting.values()
            ]
            driver(connection).executemany(self._insert, rows).close()
        self._file.tend(connection)

    @contextmanager
    def _contained(self) -> Iterator[None]:
        try:
            with translated():
                yield
        except IndexFault as fault:
            self.failures += 1
            self._is_damaged |= fault.kind is IndexFaultKind.CORRUPT
            # It may hold what was rolled back.
            self._dictionaries.clear()
        except Exception:  # noqa: BLE001 - a bug, too, costs no more than a header read from its file
            self.failures += 1
            self._dictionaries.clear()

    def _packed(self, connection: Connection, new: NewHeader) -> tuple[int, bytes]:
        """Whose header is the dictionary, and the header deflated with it."""
        base, dictionary = _ALONE, b""
        if new.series is not None:
            base, dictionary = self._dictionary(connection, new.series, new)
            if base == _ALONE:
                # It may be another than it was: whoever comes next leans on what is written now.
                self._dictionaries.put(new.series, (new.instance, dictionary_of(new.header)))
        return base, deflate(new.header, dictionary)

    def _dictionary(self, connection: Connection, series: int, new: NewHeader) -> tuple[int, bytes]:
        """The first header of the series and whose it is; (0, nothing) if this is the first."""
        first = self._dictionaries.get(series)
        if first is None:
            first = self._stored_first(connection, series)
            if first is None:
                first = new.instance, dictionary_of(new.header)
                driver(connection).execute(self._insert_first, (series, new.instance)).close()
            self._dictionaries.put(series, first)
        return (_ALONE, b"") if first[0] == new.instance else first

    def _stored_first(self, connection: Connection, series: int) -> tuple[int, bytes] | None:
        of_series = _FIRST_OF_SERIES.where(first_header.c.series_row == series)
        found = connection.execute(of_series).one_or_none()
        whole = inflate(found.body) if found is not None else None
        return (
            None if found is None or whole is None else (found.instance_row, dictionary_of(whole))
        )

    def _opened(self, epoch: str, highest_instance: int) -> Connection:
        """The database's connection; a database that cannot be used is made anew."""
        why = "it is damaged"
        try:
            connection = self._file.connect_writer()
            with translated():
                why = _prepare(connection, epoch, highest_instance)
            if not why:
                return connection
            close(connection)
        except IndexFault as fault:
            if fault.kind is not IndexFaultKind.CORRUPT:
                raise
        self.recreated_because = why
        self._file.remove()
        connection = self._file.connect_writer()
        _prepare(connection, epoch, highest_instance)
        return connection


def _prepare(connection: Connection, epoch: str, highest_instance: int) -> str:
    """Make the tables of a new database; why an old one cannot be used, '' if it can."""
    facts = {"format": _FORMAT, "epoch": epoch}
    with transaction(connection):
        METADATA.create_all(connection)
        found = dict(connection.execute(select(fact.c.name, fact.c.value)).all())
        if not found:
            connection.execute(
                insert(fact), [{"name": each, "value": facts[each]} for each in facts]
            )
        elif found != facts:
            return "it belongs to another index"
        # An index that was set back, as from a backup, gives these numbers to other instances.
        connection.execute(delete(header).where(header.c.instance_row > highest_instance))
        connection.execute(
            delete(first_header).where(first_header.c.instance_row > highest_instance)
        )
    return ""
