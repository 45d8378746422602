"""Files that the log says are gone, and that their store did not remove: it is asked again later.

One store that removes nothing must not keep others from being stored in or decided about. Nothing
names such a file any more; the log does, so that it is never taken in again (see `Entrances`). A
start forgets what waits here: adoption and a check of the store remove what they come across.
"""

from collections.abc import Callable

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore, Location

MAX_WAITING = 10_000
"""Of more than these none is asked about again; a check of the store finds them."""

Tell = Callable[[Location, StoreError], None]


def tell_nobody(_: Location, __: StoreError) -> None:
    """For whoever has nobody to tell."""


class Leftovers:
    """Removes files; `tell` is told of each that stays, once."""

    def __init__(self, store: BlobStore, tell: Tell = tell_nobody) -> None:
        self._store = store
        self._tell = tell
        self._waiting: dict[Location, None] = {}

    @property
    def waiting(self) -> int:
        """How many stay so far."""
        return len(self._waiting)

    async def remove(self, location: Location) -> None:
        """Remove a file, now or later."""
        error = await self._fails(location)
        if error is not None:
            self._tell(location, error)
            if len(self._waiting) < MAX_WAITING:
                self._waiting[location] = None

    async def retry(self) -> int:
        """Try to remove those that stay; how many went. Of a store that fails the rest is left."""
        count, failed = 0, set[str]()
        for location in [*self._waiting]:
            if location.store in failed:
                continue
            if await self._fails(location) is None:
                self._waiting.pop(location, None)
                count += 1
            else:
                failed.add(location.store)
        return count

    async def _fails(self, location: Location) -> StoreError | None:
        try:
            await self._store.delete(location)
        except StoreError as error:
            return error
        except Exception as bug:  # noqa: BLE001 - of one store; nobody else pays for it
            return StoreError(StoreFault.INPUT_OUTPUT, f"delete: {bug!r}")
        return None
