"""The commands of the admin socket that delete and restore, and list what is deleted.

A reason may name a patient: it is in answers, and never in a log.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from pacsd.api.errors import StoreError
from pacsd.app.admin.arguments import Arguments, text, whole_number
from pacsd.app.admin.deletion_log import tell_deleted
from pacsd.app.admin.deletion_records import DeletionCount, DeletionDone, DeletionSummary
from pacsd.app.admin.unix_socket import AdminError, Command
from pacsd.archive.removal import Removal, RemovalError, unique_keys
from pacsd.archive.state_records import StateRecordError
from pacsd.dicom.level import Level
from pacsd.dicom.text import printable
from pacsd.index.deletion_records import UniqueKeys
from pacsd.index.errors import IndexFault
from pacsd.index.index import Index
from pacsd.index.records import Scope

MAX_LISTED = 10_001
"""One more than a command shows at once: so it knows that there are more."""

DEFAULT_LISTED = 100
NOBODY = "admin"
"""Who decides, if the command does not say."""

_LEVELS = {"study": Level.STUDY, "series": Level.SERIES, "instance": Level.INSTANCE}

_log = structlog.get_logger("pacsd.deletion")


class DeletionCommands:
    """The commands, over the index and those who decide; deleted objects stay for `keep_us`."""

    def __init__(self, index: Index, removal: Removal, keep_us: int | None) -> None:
        self._index = index
        self._removal = removal
        self._keep_us = keep_us
        self._scope = Scope()

    def by_name(self) -> dict[str, Command]:
        """All of them."""
        return {
            "deletion.count": self._count,
            "deletion.delete": self._delete,
            "deletion.restore": self._restore,
            "deletion.list": self._list,
        }

    async def _count(self, arguments: Arguments) -> DeletionCount:
        """How much `delete` would delete."""
        with _told():
            keys = await self._keys(arguments)
            counted = await self._removal.count(self._scope, keys)
        return DeletionCount.of(keys, counted, self._keep_us)

    async def _delete(self, arguments: Arguments) -> DeletionDone:
        actor, reason = _actor(arguments), text(arguments, "reason", "")
        with _told():
            keys = await self._keys(arguments)
            count = await self._removal.delete(self._scope, keys, reason, actor)
        tell_deleted(keys, count, actor)
        return DeletionDone.of(keys, count)

    async def _restore(self, arguments: Arguments) -> DeletionDone:
        actor = _actor(arguments)
        with _told():
            keys = await self._keys(arguments)
            count = await self._removal.restore(self._scope, keys, actor)
        _log.info(
            "deleted instances were restored",
            actor=actor,
            entity=keys.level.name.lower(),
            uid=keys.uid,
            instances=count,
        )
        return DeletionDone.of(keys, count)

    async def _list(self, arguments: Arguments) -> list[DeletionSummary]:
        """By rising number, from behind `after` on."""
        after = whole_number(arguments, "after", 0)
        limit = min(whole_number(arguments, "limit", DEFAULT_LISTED), MAX_LISTED)
        with _told():
            listed = await self._index.deletions.page(self._scope, after, limit)
        return [DeletionSummary.of(each, self._keep_us) for each in listed]

    async def _keys(self, arguments: Arguments) -> UniqueKeys:
        """What is meant: in `study` if that is said, else in the one study that it is in."""
        level = _LEVELS.get(text(arguments, "level", ""))
        if level is None:
            raise AdminError(f"level must be one of {', '.join(_LEVELS)}")
        uid, study_uid = text(arguments, "uid", ""), text(arguments, "study", "")
        if not study_uid:
            return await self._removal.keys_of(self._scope, level, uid)
        if level is Level.STUDY:
            raise AdminError("study says which study a series or an instance is of")
        return unique_keys(level, study_uid, uid)


def _actor(arguments: Arguments) -> str:
    return printable(text(arguments, "actor", NOBODY))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (RemovalError, StateRecordError, StoreError, IndexFault) as error:
        raise AdminError(str(error)) from None
