"""Decisions of the state log, brought into the index.

The one way there is for it: right after the log has them, at start what a crash left out, and all
of them when the index is made anew. What does not hold any more changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence

from pacsd.api.crashpoints import crashpoint
from pacsd.api.store import BlobStore
from pacsd.archive.causes import cause_of
from pacsd.archive.leftovers import Leftovers
from pacsd.archive.places import Places, seen_before
from pacsd.archive.state_records import Action, StateRecord, StateRecordError
from pacsd.archive.stores import name_in_log
from pacsd.dicom.level import Level
from pacsd.index.index import Index
from pacsd.index.overlay_records import Correction, ListedOverlay
from pacsd.index.records import InstanceState, QuarantinedVersion, Scope, StoredInstance

MAX_TOGETHER = 256
"""Instances deleted, restored or purged, or attributes corrected, in one transaction."""

_CORRECTED_THROUGH = {each.name: each for each in (Level.STUDY, Level.SERIES, Level.INSTANCE)}


class Mirror:
    """Applies decisions to an index, and to the files of the store they are about.

    Files are known by their `places`, where some were repaired after they were decided about.
    What cannot be removed now stays with `leftovers`.
    """

    def __init__(
        self,
        store: BlobStore,
        index: Index,
        places: Places | None = None,
        leftovers: Leftovers | None = None,
    ) -> None:
        self._store = store
        self._index = index
        self._places = places or Places(())
        self._leftovers = leftovers or Leftovers(store)

    async def apply(self, records: Sequence[StateRecord], reached: int | None) -> None:
        """Apply records that belong `together`; with them, the index mirrors `reached` of the log.

        Raises:
            IndexFault: the index says nothing of them.
        """
        match records[0].action:
            case Action.DELETE | Action.RESTORE:
                await self._set_state(records, reached)
            case Action.PURGE:
                await self._purge(records, reached)
            case Action.RELEASE:
                await self._release(records[0], reached)
            case Action.DISCARD:
                await self._discard(records[0], reached)
            case Action.REPAIR | Action.SET_ASIDE:
                await self._note(reached)
            case Action.CORRECT:
                await self.correct(records, reached)
            case Action.LABEL | Action.UNLABEL:
                await self._label(records[0], reached)
        crashpoint("after_state_index")

    async def correct(
        self, records: Sequence[StateRecord], reached: int | None
    ) -> list[ListedOverlay]:
        """Apply corrections that belong together; what of them is new to the index."""
        scope = Scope(records[0].partition)
        corrections = [
            correction_of(record)
            for record in records
            if not (record.key and await self._is_overruled(scope, record))
        ]
        return await self._index.overlays.correct(scope, corrections, reached=reached)

    async def _is_overruled(self, scope: Scope, coercion: StateRecord) -> bool:
        """Whether something lies over its attribute: an instance that comes undoes none of that."""
        places = [
            (each.study_instance_uid, each.series_instance_uid, correction_of(coercion).tag)
            for each in await self._index.instances.among(scope, [coercion.sop_instance_uid])
        ]
        return any(await self._index.overlays.are_corrected(scope, places))

    async def _set_state(self, records: Sequence[StateRecord], reached: int | None) -> None:
        first, scope = records[0], Scope(records[0].partition)
        digests = {record.sop_instance_uid: record.sha256 for record in records}
        is_to_go = first.action is Action.DELETE
        uids = [
            each.sop_instance_uid
            for each in await self._index.instances.among(scope, [*digests])
            if (each.state is not InstanceState.DELETED) == is_to_go
            and digests[each.sop_instance_uid] in {copy.sha256 for copy in each.copies}
        ]
        instances = self._index.instances
        if is_to_go:
            await instances.delete(scope, uids, first.actor, cause_of(first), reached=reached)
        else:
            await instances.restore(scope, uids, first.actor, reached=reached)

    async def _purge(self, records: Sequence[StateRecord], reached: int | None) -> None:
        """The files go first, as that of a version does: a row without one is not shown.

        What the log says is gone goes in whatever state it is: a file that nothing named may have
        been taken in again meanwhile.
        """
        scope = Scope(records[0].partition)
        by_uid = {each.sop_instance_uid: each for each in records}
        gone = [
            each
            for each in await self._index.instances.among(scope, [*by_uid])
            if self._is_meant(by_uid[each.sop_instance_uid], each)
        ]
        for copy in (copy for each in gone for copy in each.copies):
            await self._leftovers.remove(copy.location)
        crashpoint("after_state_removal")
        numbers = sorted(each.id for each in gone)
        await self._index.deletions.purge(scope, numbers, records[0].actor, reached=reached)

    def _is_meant(self, record: StateRecord, instance: StoredInstance) -> bool:
        """Whether it is that data set, and no file that came after the decision."""
        return any(
            copy.sha256 == record.sha256
            and seen_before(self._store, self._places, copy.location, record)
            for copy in instance.copies
        )

    async def _release(self, record: StateRecord, reached: int | None) -> None:
        version = await self._version(record)
        if version is None:
            await self._note(reached)
            return
        scope = Scope(record.partition)
        released = await self._index.quarantine.release(
            scope, version.id, record.actor, reached=reached
        )
        for location in released.removable if released else ():
            await self._leftovers.remove(location)

    async def _discard(self, record: StateRecord, reached: int | None) -> None:
        """The file goes first: one that nothing names would be taken in again at start."""
        version = await self._version(record)
        if version is None:
            await self._note(reached)
            return
        await self._leftovers.remove(version.version.copy.location)
        crashpoint("after_state_removal")
        scope = Scope(record.partition)
        await self._index.quarantine.discard(scope, version.id, record.actor, reached=reached)

    async def _label(self, record: StateRecord, reached: int | None) -> None:
        labels, scope = self._index.labels, Scope(record.partition)
        what = scope, record.uid, record.value
        if record.action is Action.LABEL:
            await labels.set(*what, record.actor, record.at_us, reached=reached)
        else:
            await labels.remove(*what, reached=reached)

    async def _version(self, record: StateRecord) -> QuarantinedVersion | None:
        scope, place_of = Scope(record.partition), self._places.place_of
        for each in await self._index.quarantine.of_instance(scope, record.sop_instance_uid):
            copy = each.version.copy
            place = place_of(copy.key, name_in_log(self._store, copy.store))
            is_in_place = place == place_of(record.key, record.store)
            if is_in_place and copy.sha256 == record.sha256:
                return each
        return None

    async def _note(self, reached: int | None) -> None:
        if reached is not None:
            await self._index.note_log_position(reached)


def together(records: Iterable[StateRecord]) -> Iterator[list[StateRecord]]:
    """The records in their order, those in one list that one transaction takes.

    Restorations by one actor; what one decision deletes, purges or corrects; else each alone.
    """
    part: list[StateRecord] = []
    for record in records:
        if part and not _is_alike(part, record):
            yield part
            part = []
        part.append(record)
    if part:
        yield part


def _is_alike(part: Sequence[StateRecord], record: StateRecord) -> bool:
    first = part[0]
    is_alike = record.action in _TOGETHER and _what(first) == _what(record)
    is_at_once = record.action is Action.RESTORE or first.at_us == record.at_us
    return is_alike and is_at_once and len(part) < MAX_TOGETHER


def _what(record: StateRecord) -> tuple[object, ...]:
    what = record.action, record.actor, record.partition
    is_deletion = record.action is Action.DELETE
    return (*what, record.level, record.uid, record.reason) if is_deletion else what


def correction_of(record: StateRecord) -> Correction:
    """The correction that a record is.

    Raises:
        StateRecordError: it is none.
    """
    try:
        level, tag = _CORRECTED_THROUGH[record.level], int(record.tag, 16)
    except (KeyError, ValueError):
        raise StateRecordError(
            f"state log: a correction of {record.tag!a} at level {record.level!a}: "
            "a newer pacsd wrote it"
        ) from None
    return Correction(
        level,
        record.uid,
        tag,
        record.value,
        record.actor,
        record.reason,
        record.at_us,
        record.sha256,
    )


_TOGETHER = frozenset({Action.DELETE, Action.RESTORE, Action.PURGE, Action.CORRECT})
