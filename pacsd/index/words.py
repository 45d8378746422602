"""Words of many rows as small numbers: SOP classes, transfer syntaxes, stores, ways in."""

from typing import TypeAlias

from sqlalchemy import Column, Connection, Table, func, select

from pacsd.api.reception import Reception
from pacsd.index import schema
from pacsd.index.recent import Recent

Facts: TypeAlias = tuple[str | int, ...]

_KEPT = 1_024


class Words:
    """Words -> their numbers, new ones if need be. What it remembers, `forget` drops."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sop_classes: Recent[str, int] = Recent(_KEPT)
        self._transfer_syntaxes: Recent[str, int] = Recent(_KEPT)
        self._stores: Recent[str, int] = Recent(_KEPT)
        self._sources: Recent[Facts, int] = Recent(_KEPT)

    def forget(self) -> None:
        """Remember nothing of a transaction that was rolled back."""
        self._sop_classes.clear()
        self._transfer_syntaxes.clear()
        self._stores.clear()
        self._sources.clear()

    def sop_class(self, uid: str) -> int:
        """The number of a SOP class."""
        return self._sop_classes.get(uid) or self._word(schema.sop_class, self._sop_classes, uid)

    def transfer_syntax(self, uid: str) -> int:
        """The number of a transfer syntax."""
        known = self._transfer_syntaxes
        return known.get(uid) or self._word(schema.transfer_syntax, known, uid)

    def store(self, name: str) -> int:
        """The number of a store."""
        return self._stores.get(name) or self._word(schema.store, self._stores, name)

    def source(self, reception: Reception) -> int:
        """The number of a way in."""
        facts = (
            reception.partition,
            reception.calling_ae,
            reception.called_ae,
            reception.peer_address,
            reception.origin,
        )
        row = self._sources.get(facts)
        if row is None:
            row = self._find_or_insert(schema.source, facts)
            self._sources.put(facts, row)
        return row

    def _word(self, table: Table, known: Recent[str, int], word: str) -> int:
        row = self._find_or_insert(table, (word,))
        known.put(word, row)
        return row

    def _find_or_insert(self, table: Table, facts: Facts) -> int:
        """The row that holds these facts: all its columns but the number."""
        columns: list[Column[object]] = list(table.columns)[1:]
        same = (column == fact for column, fact in zip(columns, facts, strict=True))
        found = self._connection.execute(select(table.c.id).where(*same)).scalar()
        if found is not None:
            return int(found)
        row = 1 + (self._connection.execute(select(func.max(table.c.id))).scalar() or 0)
        values = {column.name: fact for column, fact in zip(columns, facts, strict=True)}
        self._connection.execute(table.insert().values(id=row, **values))
        return row
