"""What a check of a store asks; goes behind whatever a peer waits for."""

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, exists, func, literal_column, or_, select

from pacsd.index import schema, schema_records
from pacsd.index.errors import IndexFault
from pacsd.index.records import CopyState, Scope
from pacsd.index.selections import slices
from pacsd.index.sqlite import SqliteFile, close, translated
from pacsd.index.threads import Threads
from pacsd.index.unit_queue import Priority

_copy, _version, _store = schema.copy.c, schema_records.quarantine.c, schema.store.c


STORES_IN_USE = select(_store.word).where(
    or_(
        exists().where(_copy.store_row == _store.id),
        exists().where(_version.store_row == _store.id),
    )
)


class StoreChecks:
    """Counts and keys of a store's files, instances' and those in quarantine."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def known_keys(
        self, store: str, keys: Collection[str], priority: Priority = Priority.MAINTENANCE
    ) -> frozenset[str]:
        """Those of these keys that a copy or a version in quarantine has, in any partition."""
        work = partial(_known_keys, store, tuple(keys))
        return await self._threads.read(work, priority)

    async def stores(self) -> frozenset[str]:
        """The names of the stores in which there should be any file, of any partition."""
        return await self._threads.read(_stores, Priority.MAINTENANCE)

    async def count(self, scope: Scope, store: str) -> int:
        """How many files should be in the store; reads the whole table."""
        return await self._threads.read_long(partial(_count, scope, store))

    async def bad_copies(self, scope: Scope) -> Mapping[CopyState, int]:
        """How many copies are not good, as far as anybody has looked."""
        return await self._threads.read_long(partial(_bad_copies, scope))


def _known_keys(store: str, keys: tuple[str, ...], connection: Connection) -> frozenset[str]:
    found: list[str] = []
    for table in (schema.copy, schema_records.quarantine):
        of_store = (
            select(table.c.location)
            .join(schema.store, table.c.store_row == _store.id)
            .where(_store.word == store)
        )
        for part in slices(keys):
            found += connection.execute(of_store.where(table.c.location.in_(part))).scalars()
    return frozenset(found)


def stores_of(path: Path) -> frozenset[str] | None:
    """The stores in which an index has files that nobody has opened; None: it cannot be read.

    Blocks.
    """
    try:
        with translated():
            connection = SqliteFile(path).connect_reader()
            try:
                return _stores(connection)
            finally:
                close(connection)
    except IndexFault:
        return None


def _stores(connection: Connection) -> frozenset[str]:
    return frozenset(connection.execute(STORES_IN_USE).scalars())


def _count(scope: Scope, store: str, connection: Connection) -> int:
    counts = (
        select(func.count())
        .select_from(table.join(schema.store, table.c.store_row == _store.id))
        .where(_store.word == store, table.c.partition_id == scope.partition)
        for table in (schema.copy, schema_records.quarantine)
    )
    return sum(connection.execute(each).scalar_one() for each in counts)


def _bad_copies(scope: Scope, connection: Connection) -> Mapping[CopyState, int]:
    # Not a parameter: only by the number itself does the database see that the partial index fits.
    is_bad = _copy.state != literal_column(str(CopyState.OK.value))
    chosen = (
        select(_copy.state, func.count())
        .where(is_bad, _copy.partition_id == scope.partition)
        .group_by(_copy.state)
    )
    return {CopyState(state): count for state, count in connection.execute(chosen)}
