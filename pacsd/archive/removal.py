"""Studies, series and instances taken out of sight, and back: by whom, and why.

Files stay until they are purged. Nothing is deleted without a Study Instance UID, and no UID stands
for more than one thing. Instances that arrive meanwhile stay.
"""

from collections.abc import Awaitable, Callable

from pacsd.api.correction_rules import NotCorrectable, check_reason
from pacsd.api.removal import RemovalRequest
from pacsd.api.vote import Deny
from pacsd.archive.curation import Curation
from pacsd.dicom.errors import UIDError
from pacsd.dicom.level import Level
from pacsd.dicom.text import printable
from pacsd.dicom.uid import check_uid
from pacsd.index.deletion_records import Cause, Counted, UniqueKeys
from pacsd.index.index import Index
from pacsd.index.records import Scope

_REASON_CHARS = 256

IN_HAND = 4_096
"""UIDs that are read at once; what becomes of them is decided in smaller parts."""


class RemovalError(Exception):
    """Something is not deleted or restored; the text says what and why."""


class NotRemovable(RemovalError):
    """It may not be asked for like this: a UID or the reason is missing or breaks a rule."""


class RemovalDenied(RemovalError):
    """Somebody who is asked before objects to it; the text is the reason."""


class NoSuchEntity(RemovalError):
    """There is no such study, series or instance, or nothing of it is to be deleted or restored."""


class NotUnique(RemovalError):
    """A UID means something in several studies: which one must be said."""


Ask = Callable[[RemovalRequest], Awaitable[Deny | None]]
"""Asks whoever may object to a deletion, within a bounded time."""


class Removal:
    """Deletes and restores. Raises beside its own what `Curation` raises.

    `ask` gives who is asked now before something is deleted, which is there.
    """

    def __init__(
        self,
        index: Index,
        curation: Curation,
        *,
        now_us: Callable[[], int],
        ask: Callable[[], Ask | None] = lambda: None,
    ) -> None:
        self._index = index
        self._curation = curation
        self._now_us = now_us
        self._ask = ask

    async def keys_of(self, scope: Scope, level: Level, uid: str) -> UniqueKeys:
        """The unique keys of a study, series or instance of which only its own UID is known.

        Raises:
            NotRemovable, NoSuchEntity, NotUnique: it is not clear what it is.
        """
        _check_uid(uid, _FIELDS[level])
        studies = await self._index.deletions.studies_of(scope, level, uid)
        what = f"{level.name.lower()} {printable(uid)}"
        if not studies:
            raise NoSuchEntity(f"there is no {what}")
        if len(studies) > 1:
            raise NotUnique(f"{what} is in {len(studies)} studies: name the study")
        return unique_keys(level, studies[0], uid)

    async def count(self, scope: Scope, keys: UniqueKeys, *, are_deleted: bool = False) -> Counted:
        """How much there is to delete, or to restore.

        Raises:
            NotRemovable, NoSuchEntity: as `delete` and `restore` would.
        """
        _check(keys)
        counted = await self._index.deletions.count(scope, keys, are_deleted=are_deleted)
        if not counted.instances:
            await self._tell_nothing(scope, keys, are_deleted=are_deleted)
        return counted

    async def delete(self, scope: Scope, keys: UniqueKeys, reason: str, actor: str) -> int:
        """Take what is there now out of sight; how many instances.

        Raises:
            NotRemovable: a UID or the reason breaks a rule.
            NoSuchEntity: nothing of it is there.
            RemovalDenied: somebody objects.
        """
        try:
            check_reason(reason)
        except NotCorrectable as error:
            raise NotRemovable(str(error)) from None
        counted = await self.count(scope, keys)
        await self._have_it_allowed(keys, reason, actor)
        cause = Cause(self._now_us(), reason, keys.level, keys.uid)

        async def delete(uids: list[str]) -> int:
            return await self._curation.delete(scope, uids, actor, cause)

        return await self._in_parts(scope, keys, counted, delete, are_deleted=False)

    async def restore(self, scope: Scope, keys: UniqueKeys, actor: str) -> int:
        """Bring back what is deleted now, by whatever decision; how many instances.

        Raises:
            NotRemovable: a UID breaks a rule.
            NoSuchEntity: nothing of it is deleted, or it is purged.
        """
        counted = await self.count(scope, keys, are_deleted=True)

        async def restore(uids: list[str]) -> int:
            return await self._curation.restore(scope, uids, actor)

        return await self._in_parts(scope, keys, counted, restore, are_deleted=True)

    async def _have_it_allowed(self, keys: UniqueKeys, reason: str, actor: str) -> None:
        """See that nobody objects.

        Raises:
            RemovalDenied: somebody does.
        """
        ask = self._ask()
        if ask is None:
            return
        uids = keys.study_instance_uid, keys.series_instance_uid, keys.sop_instance_uid
        denied = await ask(RemovalRequest(*uids, actor, reason))
        if denied is not None:
            what = f"{keys.level.name.lower()} {keys.uid}"
            raise RemovalDenied(f"{what} is not deleted: {printable(denied.reason, _REASON_CHARS)}")

    async def _in_parts(
        self,
        scope: Scope,
        keys: UniqueKeys,
        counted: Counted,
        decide: Callable[[list[str]], Awaitable[int]],
        *,
        are_deleted: bool,
    ) -> int:
        """Numbers rise with time: what arrives meanwhile lies behind the last one counted."""
        changed = after = 0
        while page := await self._index.deletions.instances(
            scope, keys, are_deleted=are_deleted, after=after, last=counted.last, limit=IN_HAND
        ):
            changed += await decide([uid for _, uid in page])
            after = page[-1][0]
        return changed

    async def _tell_nothing(self, scope: Scope, keys: UniqueKeys, *, are_deleted: bool) -> None:
        """Say why there is nothing.

        Raises:
            NoSuchEntity: always.
        """
        what = f"{keys.level.name.lower()} {keys.uid}"
        others = await self._index.deletions.count(scope, keys, are_deleted=not are_deleted)
        if not others.instances:
            raise NoSuchEntity(f"there is no {what}")
        state = "is not deleted" if are_deleted else "is deleted already"
        raise NoSuchEntity(f"{what} {state}")


_FIELDS = {
    Level.STUDY: "Study Instance UID",
    Level.SERIES: "Series Instance UID",
    Level.INSTANCE: "SOP Instance UID",
}


def unique_keys(level: Level, study_uid: str, uid: str) -> UniqueKeys:
    """The study, or the series or instance of that UID in it."""
    if level is Level.INSTANCE:
        return UniqueKeys(study_uid, sop_instance_uid=uid)
    return UniqueKeys(study_uid, uid if level is Level.SERIES else "")


def _check(keys: UniqueKeys) -> None:
    """See that each UID is one; a wildcard, or a list, is none."""
    _check_uid(keys.study_instance_uid, _FIELDS[Level.STUDY])
    for uid, level in (
        (keys.series_instance_uid, Level.SERIES),
        (keys.sop_instance_uid, Level.INSTANCE),
    ):
        if uid:
            _check_uid(uid, _FIELDS[level])


def _check_uid(uid: str, field: str) -> None:
    try:
        check_uid(uid, field)
    except UIDError as error:
        raise NotRemovable(str(error)) from None
