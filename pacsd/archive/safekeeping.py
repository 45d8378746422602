"""Whether instances are kept safely: what storage commitment promises (PS3.4 annex J).

Nothing is promised that was not read: each instance is looked up, and one copy of it read back to
its digest, when it is asked for. What stands in the index alone is never enough.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from pacsd.api.store import BlobStore
from pacsd.archive.pace import Pace
from pacsd.archive.reading_back import ReadBack
from pacsd.archive.stores import parts_of
from pacsd.dicom.commitment import Reference
from pacsd.dicom.status import Status
from pacsd.index.index import Index
from pacsd.index.records import Copy, CopyCheck, CopyState, InstanceState, Scope, StoredInstance

TOGETHER = 100
"""Instances that are looked up at once."""

_ALL = Scope()


class TellsBadCopies(Protocol):
    """Is told of a copy that is not good any more, on the event loop: it must not block."""

    def bad_copy(self, copy: Copy, state: CopyState, instance: StoredInstance | None) -> None:
        """A copy is not what was stored, or not there."""


class Safekeeping:
    """Judges instances of one index and the store beside it, reading copies at this pace."""

    def __init__(
        self,
        store: BlobStore,
        store_name: str,
        index: Index,
        pace: Pace,
        observer: TellsBadCopies,
        now_us: Callable[[], int],
    ) -> None:
        self._store_names = frozenset(parts_of(store, store_name))
        self._index = index
        self._observer = observer
        self._now_us = now_us
        self._read_back = ReadBack(store, pace)

    async def judge(self, references: Sequence[Reference], peer_ae: str) -> list[int]:
        """For each instance 0, or the Failure Reason for which it is not committed.

        0112: there is no such instance, or it was deleted. 0119: it is of another SOP class.
        0110: no copy of it can be read back whole; or somebody has to decide about it first,
        because it is held, provisional, or because this peer sent another version of it.

        Raises:
            IndexFault: the index cannot be read.
            StoreError: the store is stopping.
        """
        reasons: list[int] = []
        for at in range(0, len(references), TOGETHER):
            reasons += await self._judge_some(references[at : at + TOGETHER], peer_ae)
        return reasons

    async def _judge_some(self, references: Sequence[Reference], peer_ae: str) -> list[int]:
        found, good = await self._found(references), list[Copy]()
        reasons = [
            await self._reason(each, found.get(each.sop_instance_uid), peer_ae, good)
            for each in references
        ]
        now_us = self._now_us()
        checks = [CopyCheck(each.instance, each.location, CopyState.OK, now_us) for each in good]
        if checks:
            await self._index.copies.mark(_ALL, checks)
        # Reading takes a while, in which somebody may have deleted one.
        still = await self._found(references)
        return [
            reason or self._state_reason(each, still.get(each.sop_instance_uid))
            for each, reason in zip(references, reasons, strict=True)
        ]

    async def _found(self, references: Sequence[Reference]) -> Mapping[str, StoredInstance]:
        uids = [each.sop_instance_uid for each in references]
        among = await self._index.instances.among(_ALL, uids)
        return {each.sop_instance_uid: each for each in among}

    async def _reason(
        self,
        reference: Reference,
        instance: StoredInstance | None,
        peer_ae: str,
        good: list[Copy],
    ) -> int:
        """Why an instance is not committed; a copy that was read and is good goes to the others."""
        reason = self._state_reason(reference, instance)
        if reason or instance is None:
            return reason
        if await self._sent_another_version(reference.sop_instance_uid, peer_ae):
            return Status.PROCESSING_FAILURE
        copy = await self._good_copy(instance)
        if copy is None:
            return Status.PROCESSING_FAILURE
        good.append(copy)
        return 0

    @staticmethod
    def _state_reason(reference: Reference, instance: StoredInstance | None) -> int:
        if instance is None or instance.state is InstanceState.DELETED:
            return Status.NO_SUCH_SOP_INSTANCE
        if instance.sop_class_uid != reference.sop_class_uid:
            return Status.CLASS_INSTANCE_CONFLICT
        return 0 if instance.state is InstanceState.LIVE else Status.PROCESSING_FAILURE

    async def _sent_another_version(self, uid: str, peer_ae: str) -> bool:
        """Whether this peer may mean what lies in quarantine: it must not delete that."""
        versions = await self._index.quarantine.of_instance(_ALL, uid)
        return any(each.version.reception.calling_ae == peer_ae for each in versions)

    async def _good_copy(self, instance: StoredInstance) -> Copy | None:
        for copy in instance.copies:
            # What lies in a store that is not configured is not lost, but nobody can read it.
            if copy.location.store not in self._store_names:
                continue
            state = await self._read_back(copy)
            if state is CopyState.OK:
                return copy
            check = CopyCheck(copy.instance, copy.location, state, self._now_us())
            if await self._index.copies.mark(_ALL, [check]):
                self._observer.bad_copy(copy, state, instance)
        return None
