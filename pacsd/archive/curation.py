"""What is decided about stored objects: deleted, restored, purged, released, given up, corrected.

And how their studies are labelled. Each decision is first appended to the store's state log, then
the index mirrors it: files and log together are enough to make the index anew. One decision at a
time.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio

from pacsd.api.crashpoints import crashpoint
from pacsd.api.store import BlobStore, Location
from pacsd.archive.causes import with_cause
from pacsd.archive.corrections import CorrectionRequest
from pacsd.archive.entrances import entry_records
from pacsd.archive.former import purge_record
from pacsd.archive.leftovers import Leftovers, Tell, tell_nobody
from pacsd.archive.mirror import MAX_TOGETHER, Mirror, correction_of
from pacsd.archive.record_making import RecordMaking
from pacsd.archive.replay import replay
from pacsd.archive.state_records import Action, StateRecord, encode_record
from pacsd.archive.statuses import taking_deletions
from pacsd.archive.stores import parts_of
from pacsd.dicom.level import Level
from pacsd.index.deletion_records import Cause
from pacsd.index.index import Index
from pacsd.index.overlay_records import ListedOverlay
from pacsd.index.records import (
    InstanceState,
    NewInstance,
    QuarantinedVersion,
    Scope,
    StoredInstance,
    Verdict,
)


class NoSuchVersion(Exception):
    """No version in quarantine has this number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"no version {number} is in quarantine")


class Curation:
    """Decides about the instances of a store, or several together, and its index.

    All its methods raise StoreError when the log cannot be written, IndexFault when the index
    fails, StateRecordError when the log holds what nobody understands. A decision that failed half
    way is carried out before the next one, or at the next start. `tell_left` is told of a file that
    a store did not remove: it is with `leftovers`.

    `indexing` is held from what a decision has seen until the index mirrors it: whoever indexes new
    files holds it, too. Otherwise a file that comes in between would change places with it when the
    index is made anew.
    """

    def __init__(
        self,
        store: BlobStore,
        store_name: str,
        index: Index,
        *,
        now_us: Callable[[], int],
        tell_left: Tell = tell_nobody,
    ) -> None:
        self._store = store
        self._parts = parts_of(store, store_name)
        self._making = RecordMaking(store, store_name, index, now_us)
        self._index = index
        self._now_us = now_us
        self.leftovers = Leftovers(store, tell_left)
        self._mirror = Mirror(store, index, leftovers=self.leftovers)
        self.indexing = anyio.Lock(fast_acquire=True)
        self._one_at_a_time = anyio.Lock()
        # Records in the log, all of them mirrored; None when that has to be found out.
        self._length: int | None = None

    async def catch_up(self) -> int:
        """Carry out what the log says and the index does not yet; how many records that were."""
        async with self._one_at_a_time:
            return await self._catch_up()

    async def delete(
        self,
        scope: Scope,
        sop_instance_uids: Sequence[str],
        actor: str,
        cause: Cause | None = None,
    ) -> int:
        """Take instances out of sight, files untouched; how many."""
        why = cause or Cause(self._now_us())
        return await self._set_state(Action.DELETE, scope, sop_instance_uids, actor, why)

    async def restore(self, scope: Scope, sop_instance_uids: Sequence[str], actor: str) -> int:
        """Undo `delete`; how many."""
        return await self._set_state(Action.RESTORE, scope, sop_instance_uids, actor)

    async def purge(self, scope: Scope, deleted_before_us: int, limit: int, actor: str) -> int:
        """Give instances up that were deleted before then; their files go. How many; 0: none left.

        Of one decision at once, `limit` at most: nobody else stores or decides meanwhile. What lies
        in a store that takes no deletions now is not due yet.
        """
        stores = await taking_deletions(self._parts)
        async with self._turn(), self.indexing:
            due = await self._index.deletions.due(scope, stores, deleted_before_us, limit)
            decided = Action.PURGE, scope.partition, actor
            first = self._making.record(*decided, "", b"", await self._making.seen(scope.partition))
            await self._carry_out([purge_record(first, each, self._making.in_log) for each in due])
            return len(due)

    async def discard(self, scope: Scope, number: int, actor: str) -> None:
        """Give a version in quarantine up; its file goes.

        Raises:
            NoSuchVersion: there is none.
        """
        await self._decide(Action.DISCARD, scope, number, actor)

    async def release(self, scope: Scope, number: int, actor: str) -> StoredInstance | None:
        """Make a version the instance of its UID, and that one a version; the instance as it is.

        Raises:
            NoSuchVersion: there is none.
        """
        version = await self._decide(Action.RELEASE, scope, number, actor)
        return await self._index.instances.find(scope, version.version.sop_instance_uid)

    async def correct(self, scope: Scope, request: CorrectionRequest) -> list[ListedOverlay]:
        """Give attributes other values, wherever they leave; no file changes.

        Returns:
            What is new: nothing of what the last correction of an attribute said already.

        Raises:
            NotCorrectable: an attribute may not be corrected, or not so; then none is.
            NothingToCorrect: there is nothing of that UID, or it is not clear what.
        """
        request.check()
        async with self._turn(), self.indexing:
            correctable = await request.find(self._index, scope)
            seen = await self._making.seen(scope.partition)
            decided = Action.CORRECT, scope.partition, request.actor
            first = self._making.record(*decided, "", correctable.sha256, seen)
            records = request.records(first)
            is_new = await self._index.overlays.are_new(scope, [*map(correction_of, records)])
            new = [record for record, new in zip(records, is_new, strict=True) if new]
            if not new:
                return []
            with _to_its_end():
                async with self._appended(new) as length:
                    corrected = await self._mirror.correct(new, length)
            crashpoint("after_state_index")
            return corrected

    async def label(self, scope: Scope, study: str, label: str, actor: str) -> bool:
        """Put a label on the study of a UID; whether it is new there. Durable once this returns.

        Raises:
            LabelRefused: there is no such study, it has as many as may be, or this is no label.
        """
        async with self._turn(), self.indexing:
            is_new = await self._index.labels.is_new(scope, study, label)
            if is_new:
                await self._carry_out_label(Action.LABEL, scope, study, label, actor)
            return is_new

    async def unlabel(self, scope: Scope, study: str, label: str, actor: str) -> bool:
        """Take a label off a study; whether it was there."""
        async with self._turn(), self.indexing:
            is_there = label in await self._index.labels.of(scope, study)
            if is_there:
                await self._carry_out_label(Action.UNLABEL, scope, study, label, actor)
            return is_there

    @asynccontextmanager
    async def entering(self, group: Sequence[NewInstance]) -> AsyncIterator[list[NewInstance]]:
        """Log which deleted instances a group on its way in brings back, and what is decided of it.

        Gives the group, in which only these may still restore; index it within.
        """
        async with self._turn(), self.indexing:
            records = [each async for each in self._restorations(group)]
            logged = {(record.partition, record.sop_instance_uid) for record in records}
            permitted = [
                replace(
                    new,
                    restores_deleted=(new.reception.partition, new.sop_instance_uid) in logged,
                )
                for new in group
            ]
            behind = self._making.behind
            records += await entry_records(self._index, permitted, behind, self._making.in_log)
            if not records:
                yield permitted
                return
            async with self._appended(records) as length:
                yield permitted
                await self._index.note_log_position(length)

    async def note_repairs(self, group: Sequence[NewInstance], verdicts: Sequence[Verdict]) -> None:
        """Log which files of a group, indexed just now, took the place of bad ones."""
        repaired = [
            (new, verdict)
            for new, verdict in zip(group, verdicts, strict=True)
            if verdict.removable is not None
        ]
        if not repaired:
            return
        async with self._turn():
            records = [
                await self._repair(new, verdict.removable)
                for new, verdict in repaired
                if verdict.removable is not None
            ]
            async with self._appended(records) as length:
                await self._index.note_log_position(length)

    async def _repair(self, new: NewInstance, bad: Location) -> StateRecord:
        copy, reception = new.copy, new.reception
        by = Action.REPAIR, reception.partition, reception.calling_ae
        seen = await self._making.behind(new)
        return replace(
            self._making.record(*by, new.sop_instance_uid, copy.sha256, seen),
            key=copy.key,
            store=self._making.in_log(copy.store),
            instead_of=bad.key,
            instead_of_store=self._making.in_log(bad.store),
        )

    async def _restorations(self, group: Sequence[NewInstance]) -> AsyncIterator[StateRecord]:
        willing = [new for new in group if new.restores_deleted and new.aside is None]
        for partition in {new.reception.partition for new in willing}:
            brought = {
                (new.sop_instance_uid, new.copy.sha256): new
                for new in willing
                if new.reception.partition == partition
            }
            seen = await self._making.seen(partition)
            uids = [*dict.fromkeys(uid for uid, _ in brought)]
            for each in await self._index.instances.among(Scope(partition), uids):
                known = {(each.sop_instance_uid, copy.sha256) for copy in each.copies}
                found = known & brought.keys()
                if each.state is InstanceState.DELETED and found:
                    uid, sha256 = min(found)
                    actor = brought[uid, sha256].reception.calling_ae
                    yield self._making.record(Action.RESTORE, partition, actor, uid, sha256, seen)

    async def _set_state(
        self,
        action: Action,
        scope: Scope,
        uids: Sequence[str],
        actor: str,
        cause: Cause | None = None,
    ) -> int:
        changed = 0
        for start in range(0, len(uids), MAX_TOGETHER):
            async with self._turn(), self.indexing:
                seen = await self._making.seen(scope.partition)
                records = [
                    self._making.record(
                        action,
                        scope.partition,
                        actor,
                        each.sop_instance_uid,
                        each.copies[0].sha256,
                        seen,
                    )
                    for each in await self._index.instances.among(
                        scope, uids[start : start + MAX_TOGETHER]
                    )
                    if (each.state is InstanceState.DELETED) == (action is Action.RESTORE)
                ]
                await self._carry_out([with_cause(each, cause) for each in records])
                changed += len(records)
        return changed

    async def _decide(
        self, action: Action, scope: Scope, number: int, actor: str
    ) -> QuarantinedVersion:
        async with self._turn(), self.indexing:
            version = await self._index.quarantine.find(scope, number)
            if version is None:
                raise NoSuchVersion(number)
            copy, uid = version.version.copy, version.version.sop_instance_uid
            seen = await self._making.seen(scope.partition)
            record = self._making.record(action, scope.partition, actor, uid, copy.sha256, seen)
            store = self._making.in_log(copy.store)
            await self._carry_out([replace(record, key=copy.key, store=store)])
            return version

    async def _carry_out_label(
        self, action: Action, scope: Scope, study: str, label: str, actor: str
    ) -> None:
        seen = await self._making.seen(scope.partition)
        record = self._making.record(action, scope.partition, actor, "", b"", seen)
        await self._carry_out([replace(record, level=Level.STUDY.name, uid=study, value=label)])

    async def _carry_out(self, records: Sequence[StateRecord]) -> None:
        if records:
            with _to_its_end():
                async with self._appended(records) as length:
                    await self._mirror.apply(records, length)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Nobody else decides, and the index mirrors the whole log."""
        async with self._one_at_a_time:
            if self._length is None:
                await self._catch_up()
            yield

    async def _catch_up(self) -> int:
        self._length, missed = await replay(self._store.state_log, self._index, self._mirror)
        return missed

    @asynccontextmanager
    async def _appended(self, records: Sequence[StateRecord]) -> AsyncIterator[int]:
        """Append records; the length of the log then, all of which the index mirrors afterwards."""
        length = (self._length or 0) + len(records)
        self._length = None
        await self._store.state_log.append([encode_record(each) for each in records])
        crashpoint("after_state_append")
        yield length
        self._length = length


def _to_its_end() -> anyio.CancelScope:
    """What the log says the index shall mirror, even if whoever wanted it waits no longer."""
    return anyio.CancelScope(shield=True)
