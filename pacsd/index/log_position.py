"""How far the index mirrors the store's state log: a count of records.

It moves in the transaction that mirrors them, so that none is mirrored twice or left out.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, select

from pacsd.index import schema_records
from pacsd.index.session import WriteSession
from pacsd.index.sqlite import insert_or_replace

Answer = TypeVar("Answer")

_meta = schema_records.meta.c
_NOTE = insert_or_replace(schema_records.meta, "value")


def read_position(connection: Connection) -> int:
    """How many records are mirrored; none in a new index."""
    chosen = select(_meta.value).where(_meta.key == schema_records.LOG_POSITION)
    return int(connection.execute(chosen).scalar() or 0)


def note_position(session: WriteSession, reached: int) -> None:
    """So many records are mirrored now."""
    values = {"key": schema_records.LOG_POSITION, "value": str(reached)}
    session.connection.execute(_NOTE.values(values))


def mirroring(
    work: Callable[[WriteSession], Answer], reached: int | None
) -> Callable[[WriteSession], Answer]:
    """The unit of work that mirrors the log up to `reached`; None: it mirrors nothing."""
    return work if reached is None else partial(_mirror, work, reached)


def _mirror(work: Callable[[WriteSession], Answer], reached: int, session: WriteSession) -> Answer:
    note_position(session, reached)
    return work(session)
