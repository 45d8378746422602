"""Quarantine for those who decide: list, look, discard, release."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, bindparam, literal_column, select

from pacsd.dicom.tag import Tag
from pacsd.index import schema, schema_records
from pacsd.index.auditing import append_audit
from pacsd.index.log_position import mirroring
from pacsd.index.quarantining import QuarantineBounds
from pacsd.index.records import (
    AuditEntry,
    ChangeKind,
    Copy,
    CopyState,
    InstanceState,
    QuarantinedVersion,
    Released,
    Scope,
)
from pacsd.index.releasing import release, remove_version
from pacsd.index.selections import QUARANTINE, QUARANTINED, quarantined_of, within
from pacsd.index.session import Place, WriteSession
from pacsd.index.threads import Threads
from pacsd.index.unit_queue import Priority

_version = schema_records.quarantine.c
_instance, _copy = schema.instance.c, schema.copy.c
_KEPT = (
    select(_copy.instance_row)
    .join(schema.store, _copy.store_row == schema.store.c.id)
    .join(schema.instance, _copy.instance_row == _instance.id)
    .where(
        _copy.instance_row == bindparam("instance"),
        schema.store.c.word == bindparam("store"),
        _copy.location == bindparam("key"),
        _copy.state == literal_column(str(CopyState.OK.value)),
        _instance.state != literal_column(str(InstanceState.DELETED.value)),
    )
)


class Quarantine:
    """The versions in quarantine, of the studies that they name themselves."""

    def __init__(
        self,
        threads: Threads,
        bounds: QuarantineBounds,
        expect_corrected: Callable[[Iterable[Tag]], None],
    ) -> None:
        self._threads = threads
        self._bounds = bounds
        self._expect_corrected = expect_corrected

    async def page(
        self, scope: Scope, after: int = 0, limit: int = 1_000
    ) -> list[QuarantinedVersion]:
        """Versions with a higher number than `after`, by rising number."""
        chosen = _seen(scope).where(_version.id > after).order_by(_version.id).limit(limit)
        return await self._threads.read(partial(_versions, chosen))

    async def find(self, scope: Scope, version: int) -> QuarantinedVersion | None:
        """The version of this number."""
        found = await self._threads.read(partial(_versions, _seen(scope, version)))
        return found[0] if found else None

    async def of_instance(self, scope: Scope, sop_instance_uid: str) -> list[QuarantinedVersion]:
        """The versions of a UID, by rising number."""
        chosen = _seen(scope).where(_version.sop_instance_uid == sop_instance_uid)
        return await self._threads.read(partial(_versions, chosen.order_by(_version.id)))

    async def by_location(
        self, scope: Scope, store: str, after_key: str = "", limit: int = 1_000
    ) -> list[QuarantinedVersion]:
        """Versions in a store, by rising key, from behind `after_key` on."""
        chosen = _seen(scope).where(schema.store.c.word == store, _version.location > after_key)
        ordered = chosen.order_by(_version.location).limit(limit)
        return await self._threads.read(partial(_versions, ordered), Priority.MAINTENANCE)

    async def discard(
        self, scope: Scope, version: int, actor: str, *, reached: int | None = None
    ) -> QuarantinedVersion | None:
        """Forget a version; it is returned for its file to be removed, None if there is none.

        `reached`: so many records of the state log are mirrored with that.
        """
        work = partial(_discard, scope, version, actor)
        return await self._threads.write(mirroring(work, reached))

    async def withdraw(self, scope: Scope, version: int, existing: Copy) -> bool:
        """Forget a version in favour of a copy of its UID; see `Index.withdraw`."""
        work = partial(_withdraw, scope, version, existing)
        return await self._threads.write(work, Priority.INGEST)

    async def release(
        self, scope: Scope, version: int, actor: str, *, reached: int | None = None
    ) -> Released | None:
        """Make a version the instance of its UID; the one that was it takes its place here.

        The instance gets a new number. None if there is no such version. `reached` as in `discard`.
        """
        found = await self.find(scope, version)
        if found is not None:
            self._expect_corrected(each.tag for each in found.version.coercions)
        work = partial(_release, scope, version, actor, self._bounds)
        return await self._threads.write(mirroring(work, reached))


def _seen(scope: Scope, version: int | None = None) -> Select[*tuple[Any, ...]]:
    is_seen = within(scope, _version.partition_id, _version.study_instance_uid)
    chosen = select(*QUARANTINED).select_from(QUARANTINE).where(is_seen)
    return chosen if version is None else chosen.where(_version.id == version)


def _versions(chosen: Select[*tuple[Any, ...]], connection: Connection) -> list[QuarantinedVersion]:
    return [quarantined_of(row) for row in connection.execute(chosen)]


def _discard(
    scope: Scope, number: int, actor: str, session: WriteSession
) -> QuarantinedVersion | None:
    found = _versions(_seen(scope, number), session.connection)
    if not found:
        return None
    remove_version(session, found[0])
    session.log(scope.partition, ChangeKind.DISCARDED, Place(None, None), None, number)
    _audit(session, scope, "discard from quarantine", actor, found[0])
    return found[0]


def _withdraw(scope: Scope, number: int, existing: Copy, session: WriteSession) -> bool:
    where = existing.location
    is_kept = session.fetch(_KEPT, existing.instance, where.store, where.key)
    return bool(is_kept) and _discard(scope, number, "pacsd", session) is not None


def _release(
    scope: Scope, number: int, actor: str, bounds: QuarantineBounds, session: WriteSession
) -> Released | None:
    found = _versions(_seen(scope, number), session.connection)
    if not found:
        return None
    released = release(session, found[0], bounds)
    _audit(session, scope, "release from quarantine", actor, found[0])
    return released


def _audit(
    session: WriteSession, scope: Scope, action: str, actor: str, version: QuarantinedVersion
) -> None:
    study_uid = version.version.study_instance_uid
    entry = AuditEntry(actor, action, "done", study_uid, detail=version.version.sop_instance_uid)
    append_audit(session, scope.partition, entry)
