"""Labels of studies: words that plugins put on them, durable and bounded.

The state log has them first; what of it does not hold any more changes nothing here.
"""

from functools import partial

from sqlalchemy import Connection, bindparam, delete, select

from pacsd.index import schema, schema_jobs
from pacsd.index.errors import LabelRefused
from pacsd.index.log_position import mirroring
from pacsd.index.records import Scope
from pacsd.index.selections import within
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
_DELETE = delete(schema_jobs.study_label).where(
    _label.study_row == bindparam("study"), _label.label == bindparam("its_label")
)


class Labels:
    """The labels of all studies."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def is_new(self, scope: Scope, study: str, label: str) -> bool:
        """Whether `set` would put a label on the study of a UID that it does not have.

        Raises:
            LabelRefused: there is no such study, it has as many as may be, or this is no label.
        """
        _check(label)
        return await self._threads.read(partial(_is_new, scope, study, label))

    async def set(
        self,
        scope: Scope,
        study: str,
        label: str,
        actor: str,
        at_us: int,
        *,
        reached: int | None = None,
    ) -> bool:
        """Put a label on the study of a UID; whether there is that study, and it is new there.

        Durable once this returns. `reached`: so many records of the state log are mirrored with it.
        """
        work = partial(_set, scope, study, label, actor, at_us)
        return await self._threads.write(mirroring(work, reached))

    async def remove(
        self, scope: Scope, study: str, label: str, *, reached: int | None = None
    ) -> bool:
        """Take a label off a study; whether it was there. `reached`: see `set`."""
        work = partial(_remove, scope, study, label)
        return await self._threads.write(mirroring(work, reached))

    async def of(self, scope: Scope, study: str) -> list[str]:
        """The labels of a study, in their order."""
        return await self._threads.read(partial(labels_of, scope, study))


def _is_new(scope: Scope, uid: str, label: str, connection: Connection) -> bool:
    its_row = select(_study.id).where(
        within(scope, _study.partition_id, _study.study_instance_uid),
        _study.study_instance_uid == uid,
    )
    study = connection.execute(its_row).scalar()
    if study is None:
        raise LabelRefused(f"Study Instance UID {uid[:64]!a}: there is no such study")
    its_labels = select(_label.label).where(_label.study_row == study)
    labels = set(connection.execute(its_labels).scalars())
    if label in labels:
        return False
    if len(labels) >= MAX_LABELS:
        raise LabelRefused(f"label: the study has {len(labels)}, the most it may")
    return True


def _set(scope: Scope, uid: str, label: str, actor: str, at_us: int, session: WriteSession) -> bool:
    study = _row(scope, uid, session)
    if study is None or session.fetch(_HAS, study, label):
        return False
    session.execute(_PUT, scope.partition, study, label, actor, at_us)
    return True


def _remove(scope: Scope, uid: str, label: str, session: WriteSession) -> bool:
    study = _row(scope, uid, session)
    return study is not None and session.write(_DELETE, [(study, label)]) > 0


def labels_of(scope: Scope, uid: str, connection: Connection) -> list[str]:
    """The labels of the study of a UID, in their order; blocks."""
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
