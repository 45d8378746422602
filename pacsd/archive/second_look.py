"""A second look at an object that the index took for another version of one it has."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace

import anyio

from pacsd.api.store import BlobStore, Location
from pacsd.archive.register import Register
from pacsd.archive.sameness import have_same_values
from pacsd.index.records import Copy, Outcome, Verdict

AT_ONCE = 4
"""So many objects are looked at side by side; each takes a few pieces of two files."""

LOOK_S = 20.0
"""So long a look may take, its turn included: the sender waits. It is made again when it comes
again."""

_REMEMBERED = 1024


class SecondLook:
    """Compares values where digests differ: the way they are written may be the only difference.

    A digest covers bytes, so the index cannot know. The version lies in quarantine meanwhile: a
    crash in between loses nothing, and whoever sends the same once more has it looked at again.
    `remove` removes a file that the index does not name, and is called with `taking_in` held.
    """

    def __init__(
        self,
        store: BlobStore,
        register: Register,
        remove: Callable[[Location], Awaitable[None]],
        taking_in: anyio.Lock,
    ) -> None:
        self._store = store
        self._register = register
        self._remove = remove
        self._taking_in = taking_in
        self._turns = anyio.Semaphore(AT_ONCE)
        self._withdrawn: deque[int] = deque(maxlen=_REMEMBERED)

    async def __call__(self, partition: int, verdict: Verdict) -> Verdict:
        """The verdict, or that it is a duplicate after all; then the version's file goes.

        Raises:
            IndexFault: the version could not be taken out of quarantine.
        """
        existing, version, number = verdict.existing, verdict.version, verdict.quarantined
        if existing is None or version is None or number is None:
            return verdict
        if await self._is_same(existing, version):
            await self._withdraw(partition, number, version, existing)
        # Of several who send the same at once one finds the version, the others only that it went.
        if number not in self._withdrawn:
            return verdict
        return replace(
            verdict, outcome=Outcome.DUPLICATE, keeps_file=False, quarantined=None, version=None
        )

    async def _is_same(self, existing: Copy, version: Copy) -> bool:
        with anyio.move_on_after(LOOK_S):
            async with self._turns:
                return await have_same_values(self._store, existing, version)
        return False

    async def _withdraw(self, partition: int, number: int, version: Copy, existing: Copy) -> None:
        """Take a version out of quarantine; its file goes only if it is us who did."""
        with anyio.CancelScope(shield=True):
            # In between a check of the store would take the file for one that nobody indexed.
            async with self._taking_in:
                # Somebody may have decided meanwhile: then the file is not ours to remove, or is
                # all there is.
                if await self._register.withdraw(partition, number, existing):
                    self._withdrawn.append(number)
                    await self._remove(version.location)
