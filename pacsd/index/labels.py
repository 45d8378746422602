"""Labels of studies: words that plugins put on them, durable and bounded."""

from functools import partial

from sqlalchemy import Connection, bindparam, delete, func, select

from pacsd.index import schema, schema_jobs
from pacsd.index.errors import LabelRefused
from pacsd.index.records import Scope
from pacsd.index.session import WriteSession, insertion
from pacsd.index.threads import Threads

MAX_LABEL_LENGTH = 64
MAX_LABELS = 100
"""Of one study."""

_label, _study = schema_jobs.study_label.c, schema.study.c
_PUT = insertion(schema_jobs.study_label.insert())
_STUDY = select(_study.id).where(
    _study.partition_id == bindparam("partition"), _study.study_instance_uid == bindparam("uid")
)
_HAS = select(_label.label).where(
    _label.study_row == bindparam("study"), _label.label == bindparam("its_label")
)
_COUNT = select(func.count()).where(_label.study_row == bindparam("study"))
_DELETE = delete(schema_jobs.study_label).where(
    _label.study_row == bindparam("study"), _label.label == bindparam("its_label")
)


class Labels:
    """The labels of all studies."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def set(self, scope: Scope, study: str, label: str, actor: str) -> bool:
        """Put a label on the study of a UID; whether it is new there. Durable once this returns.

        Raises:
            LabelRefused: there is no such study, it has as many as may be, or this is no label.
        """
        return await self._threads.write(partial(_set, scope, study, label, actor))

    async def remove(self, scope: Scope, study: str, label: str) -> bool:
        """Take a label off a study; whether it was there."""
        return await self._threads.write(partial(_remove, scope, study, label))

    async def of(self, scope: Scope, study: str) -> list[str]:
        """The labels of a study, in their order."""
        return await self._threads.read(partial(_of, scope, study))


def _set(scope: Scope, uid: str, label: str, actor: str, session: WriteSession) -> bool:
    _check(label)
    study = _row(scope, uid, session)
    if study is None:
        raise LabelRefused(f"Study Instance UID {uid[:64]!a}: there is no such study")
    if session.fetch(_HAS, study, label):
        return False
    ((count,),) = session.fetch(_COUNT, study)
    if count >= MAX_LABELS:
        raise LabelRefused(f"label: the study has {count}, the most it may")
    session.execute(_PUT, scope.partition, study, label, actor, session.now_us())
    return True


def _remove(scope: Scope, uid: str, label: str, session: WriteSession) -> bool:
    study = _row(scope, uid, session)
    return study is not None and session.write(_DELETE, [(study, label)]) > 0


def _of(scope: Scope, uid: str, connection: Connection) -> list[str]:
    chosen = (
        select(_label.label)
        .join(schema.study, _label.study_row == _study.id)
        .where(_study.partition_id == scope.partition, _study.study_instance_uid == uid)
        .order_by(_label.label)
    )
    if scope.studies is not None and uid not in scope.studies:
        return []
    return list(connection.execute(chosen).scalars())


def _row(scope: Scope, uid: str, session: WriteSession) -> int | None:
    if scope.studies is not None and uid not in scope.studies:
        return None
    found = session.fetch(_STUDY, scope.partition, uid)
    return int(found[0][0]) if found else None


def _check(label: str) -> None:
    if not 0 < len(label) <= MAX_LABEL_LENGTH:
        raise LabelRefused(f"label: has {len(label)} characters, not 1 to {MAX_LABEL_LENGTH}")
    if not label.isprintable():
        raise LabelRefused("label: has characters that cannot be printed")
