"""Objects being written: the spool's, counted, so that what waits stays within its bound."""

from collections.abc import Sequence

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import Buffer, Staged
from pacsd_store_s3.catalogue import Catalogue


class Room:
    """How much may still wait for the far store; objects being written are counted, too."""

    def __init__(self, catalogue: Catalogue, *, max_bytes: int, max_objects: int) -> None:
        self._catalogue = catalogue
        self._max_bytes = max_bytes
        self._max_objects = max_objects
        self._staged_bytes = 0
        self._staged_objects = 0

    @property
    def free_bytes(self) -> int:
        """How many bytes more may wait."""
        used_bytes = self._catalogue.waiting_bytes + self._staged_bytes
        return max(0, self._max_bytes - used_bytes)

    @property
    def free_objects(self) -> int:
        """How many objects more may wait."""
        used = self._catalogue.waiting_objects + self._staged_objects
        return max(0, self._max_objects - used)

    def enter(self) -> None:
        """One object more is written.

        Raises:
            StoreError: too much waits.
        """
        if not (self.free_bytes and self.free_objects):
            waiting = f"{self._catalogue.waiting_objects} objects"
            text = f"{waiting} of {self._catalogue.waiting_bytes} bytes wait for the far store"
            raise StoreError(StoreFault.NO_SPACE, text)
        self._staged_objects += 1

    def grow(self, size_bytes: int) -> None:
        """So many bytes of it were written."""
        self._staged_bytes += size_bytes

    def leave(self, size_bytes: int) -> None:
        """One object with so many bytes is written no more."""
        self._staged_objects -= 1
        self._staged_bytes -= size_bytes


class SpooledStage:
    """A staged object of the spool, in the room there is."""

    def __init__(self, inner: Staged, room: Room) -> None:
        self.inner = inner
        self._room: Room | None = room
        self._size_bytes = 0

    async def write(self, buffers: Sequence[Buffer], /) -> None:
        """Append to the object."""
        await self.inner.write(buffers)
        if self._room is not None:
            size_bytes = sum(map(len, buffers))
            self._size_bytes += size_bytes
            self._room.grow(size_bytes)

    async def abort(self) -> None:
        """Remove every trace."""
        self.leave()
        await self.inner.abort()

    def leave(self) -> None:
        """It is counted no more: it was committed, or is gone."""
        room, self._room = self._room, None
        if room is not None:
            room.leave(self._size_bytes)
