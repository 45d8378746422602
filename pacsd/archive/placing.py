"""In which of several stores an instance is kept: it is staged there once that is chosen.

Until then it waits in memory, and its sender with it. One whose header is longer than may wait so
is staged in all of the stores, and goes on in the one that is chosen in the end.
"""

import hashlib
from collections.abc import Sequence

from pacsd.api.errors import StoreError
from pacsd.api.store import Buffer, Staged, StageRequest
from pacsd.archive.admittance import Admittance
from pacsd.archive.shelves import Shelves


class _Draft:
    """The object in one of the stores; with an `error` it is not there."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.staged: Staged | None = None
        self.error: StoreError | None = None

    async def write(self, buffers: Sequence[Buffer]) -> None:
        if self.staged is not None and self.error is None:
            try:
                await self.staged.write(buffers)
            except StoreError as error:
                self.error = error

    async def abort(self) -> None:
        if self.staged is not None:
            await self.staged.abort()


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
            for name in self._shelves.names:
                await self._open(name)
        for draft in self._drafts.values():
            await draft.write(buffers)
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
                await self._drafts.pop(name).abort()
            if chosen not in self._drafts:
                await self._open(chosen)
            self._chosen = chosen
        return self._drafts

    async def _open(self, name: str) -> None:
        draft = self._drafts[name] = _Draft()
        request = StageRequest(self._request.partition, self._request.preface, draft.digest)
        try:
            draft.staged = await self._shelves.stage_in(name, request)
        except StoreError as error:
            draft.error = error

    def _raise_if_lost(self) -> None:
        """See that the object still is somewhere."""
        errors = [draft.error for draft in self._drafts.values() if draft.error is not None]
        if len(errors) == len(self._drafts):
            raise errors[0]
