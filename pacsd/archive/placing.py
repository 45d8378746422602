"""In which of several stores an instance is kept: it is staged there once that is chosen.

Until then it waits in memory, and its sender with it. One whose header is longer than may wait so
is staged in all of the stores, and goes on in the one that is chosen in the end. Of what is only
staged nothing can be read back, so it could not be carried over from one store to another; and it
is rare: a header is a few kilobytes, what may wait are megabytes. So it costs writes, not memory.

A store other than the first that takes no part in that within a while is left out: an object that
is to be kept there is not, and any other one goes on. A call that cannot be interrupted, as of a
thread that hangs in a mount, is waited for all the same: the buffers are in its hands.
"""

import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from math import inf

import anyio

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import Buffer, Staged, StageRequest
from pacsd.archive.admittance import Admittance
from pacsd.archive.shelves import Shelves

PATIENCE_S = 10.0
"""So long a store is waited for that may not be the one."""


class _Draft:
    """The object in one of the stores; with an `error` it is not there."""

    def __init__(self, store: str, patience_s: float) -> None:
        self.digest = hashlib.sha256()
        self.staged: Staged | None = None
        self.error: StoreError | None = None
        self.patience_s = patience_s
        self._store = store

    async def open(self, shelves: Shelves, request: StageRequest) -> None:
        async def stage() -> None:
            self.staged = await shelves.stage_in(self._store, request)

        await self._in_time(stage())

    async def write(self, buffers: Sequence[Buffer]) -> None:
        if self.staged is not None and self.error is None:
            await self._in_time(self.staged.write(buffers))

    async def abort(self) -> None:
        """What is left of it in a store that does not answer goes when that is started again."""
        if self.staged is not None:
            with anyio.move_on_after(self.patience_s):
                await self.staged.abort()

    async def _in_time(self, work: Awaitable[None]) -> None:
        try:
            with anyio.move_on_after(self.patience_s) as patience:
                await work
        except StoreError as error:
            self.error = error
        except Exception as bug:
            if self.patience_s == inf:
                raise
            self.error = StoreError(StoreFault.INPUT_OUTPUT, f"store {self._store}: {bug!r}")
        if patience.cancelled_caught:
            why = f"store {self._store}: no answer within {self.patience_s:g} s"
            self.error = StoreError(StoreFault.INPUT_OUTPUT, why)


class Placing:
    """Of one instance: a Staged that is in several stores until its `admittance` says in which.

    `admittance` is set as soon as that is asked.
    """

    def __init__(self, shelves: Shelves, request: StageRequest) -> None:
        self.admittance: Admittance | None = None
        self._shelves = shelves
        self._request = request
        self._drafts: dict[str, _Draft] = {}
        self._chosen: str | None = None

    def digest(self) -> bytes:
        """The digest of what is written, once it is `settled`."""
        if self._chosen is None:
            raise RuntimeError("digest before it is chosen where")
        return self._drafts[self._chosen].digest.digest()

    async def write(self, buffers: Sequence[Buffer], /) -> None:
        """Append to the object; waits for the choice if that has been asked for.

        Raises:
            StoreError: it cannot be kept where it is to be, or may not come in.
        """
        if self.admittance is not None:
            await self._choose(self.admittance)
        elif not self._drafts:
            first, *others = self._shelves.names
            patience = {first: inf, **dict.fromkeys(others, PATIENCE_S)}
            await _at_once([partial(self._open, *each) for each in patience.items()])
        await _at_once([partial(each.write, buffers) for each in self._drafts.values()])
        self._raise_if_lost()

    async def settled(self) -> Staged:
        """The object where it is to be kept, and nowhere else; errors as for `write`."""
        if self.admittance is None:
            raise RuntimeError("settled before anybody was asked")
        [draft] = (await self._choose(self.admittance)).values()
        self._raise_if_lost()
        if draft.staged is None:
            raise RuntimeError("settled without an object")
        return draft.staged

    async def abort(self) -> None:
        """Remove every trace, in all stores."""
        for draft in self._drafts.values():
            await draft.abort()

    async def _choose(self, admittance: Admittance) -> dict[str, _Draft]:
        if self._chosen is None:
            await admittance.decided()
            chosen = admittance.store(self._shelves.names[0])
            for name in [each for each in self._drafts if each != chosen]:
                await self._drafts[name].abort()
                del self._drafts[name]
            if chosen not in self._drafts:
                await self._open(chosen, inf)
            self._drafts[chosen].patience_s = inf
            self._chosen = chosen
        return self._drafts

    async def _open(self, name: str, patience_s: float) -> None:
        draft = self._drafts[name] = _Draft(name, patience_s)
        request = StageRequest(self._request.partition, self._request.preface, draft.digest)
        await draft.open(self._shelves, request)

    def _raise_if_lost(self) -> None:
        """See that the object still is somewhere."""
        errors = [draft.error for draft in self._drafts.values() if draft.error is not None]
        if len(errors) == len(self._drafts):
            raise errors[0]


async def _at_once(work: Sequence[Callable[[], Coroutine[None, None, None]]]) -> None:
    """Do all of it side by side; only the first part may raise anything."""
    first, *others = work
    if not others:
        await first()
        return
    try:
        async with anyio.create_task_group() as tasks:
            for each in work:
                tasks.start_soon(each)
    except ExceptionGroup as group:
        raise group.exceptions[0] from group
