"""The transaction that forgets old changes, the first ones first; it notes up to which.

The newest one stays, however old: no number above it was given, so that none is given twice.
"""

from itertools import takewhile

from sqlalchemy import delete, func, select

from pacsd.index import schema_records
from pacsd.index.session import WriteSession
from pacsd.index.sqlite import insert_or_replace

_change = schema_records.change.c
_NOTE = insert_or_replace(schema_records.meta, "value")


def forget_changes(before_us: int, limit: int, session: WriteSession) -> int:
    """Forget at most `limit` changes of all partitions, made before then; how many.

    A later one is kept by an earlier one that is: by a clock that was set back. A consumer whose
    cursor is behind them does not see them any more.
    """
    newest = select(func.max(_change.id)).scalar_subquery()
    oldest = (
        select(_change.id, _change.at_us)
        .where(_change.id < newest)
        .order_by(_change.id)
        .limit(limit)
    )
    rows = session.connection.execute(oldest)
    gone = [number for number, _ in takewhile(lambda row: row[1] < before_us, rows)]
    if not gone:
        return 0
    session.connection.execute(delete(schema_records.change).where(_change.id <= gone[-1]))
    note = {"key": schema_records.FORGOTTEN, "value": str(gone[-1])}
    session.connection.execute(_NOTE.values(note))
    return len(gone)
