"""A second look at an object that the index took for another version of one it has."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from pacsd.api.store import BlobStore, Location
from pacsd.archive.register import Register
from pacsd.archive.sameness import have_same_values
from pacsd.index.records import Copy, CopyState, NewInstance, Outcome, Verdict


class SecondLook:
    """Compares values where digests differ: the Transfer Syntax may be the only difference.

    A digest covers bytes, so the index cannot know. The version lies in quarantine meanwhile: a
    crash in between loses nothing.
    """

    def __init__(
        self,
        store: BlobStore,
        register: Register,
        dispose: Callable[[Location], Awaitable[None]],
    ) -> None:
        self._store = store
        self._register = register
        self._dispose = dispose

    async def __call__(self, new: NewInstance, verdict: Verdict) -> Verdict:
        """The verdict, or that it is a duplicate after all; then the new file goes.

        Raises:
            IndexFault: the version could not be taken out of quarantine.
        """
        existing, version = verdict.existing, verdict.quarantined
        if verdict.outcome is not Outcome.CONFLICT or existing is None or version is None:
            return verdict
        if not await have_same_values(self._store, existing, _copy(new, existing.instance)):
            return verdict
        if not await self._register.withdraw(new.reception.partition, version):
            # Somebody released or discarded it meanwhile: the file is no longer ours to remove.
            return verdict
        await self._dispose(new.copy.location)
        return replace(verdict, outcome=Outcome.DUPLICATE, keeps_file=False, quarantined=None)


def _copy(new: NewInstance, instance: int) -> Copy:
    return Copy(
        instance=instance,
        location=new.copy.location,
        data_set_bytes=new.copy.data_set_bytes,
        sha256=new.copy.sha256,
        transfer_syntax_uid=new.transfer_syntax_uid,
        state=CopyState.OK,
        verified_at_us=0,
    )
