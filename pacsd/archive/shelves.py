"""The stores as ingest sees them: whether each has room and health, and where an object is staged.

The first one stands for the way in: where it takes nothing, nothing comes in. Another one that does
not refuses only what is chosen for it.
"""

from collections.abc import Mapping

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore, Staged, StageRequest
from pacsd.archive.instance import StoreHealth
from pacsd.archive.observer import Concern, IngestObserver
from pacsd.archive.stores import StoresTogether, parts_of
from pacsd.archive.watermark import Watermark


class Shelves:
    """One store or several, each with its watermark; `observer` is told when one changes."""

    def __init__(
        self,
        store: BlobStore,
        name: str,
        observer: IngestObserver,
        *,
        min_free_bytes: int,
        min_free_inodes: int,
    ) -> None:
        self._store = store
        self._observer = observer
        parts = parts_of(store, name)
        self._marks = {
            each: Watermark(
                part,
                min_free_bytes=min_free_bytes,
                min_free_inodes=min_free_inodes,
                called="store" if len(parts) == 1 else f"store {each}",
            )
            for each, part in parts.items()
        }
        self._told: dict[str, Concern | None] = dict.fromkeys(self._marks)
        self._first = next(iter(self._marks.values()))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the stores, the first one first."""
        return tuple(self._marks)

    @property
    def refusal(self) -> str | None:
        """Why nothing is taken in, None when objects may come."""
        return self._first.refusal

    @property
    def refusals(self) -> list[str]:
        """Why stores take nothing in, a sentence for each that does not."""
        return [mark.refusal for mark in self._marks.values() if mark.refusal is not None]

    @property
    def door(self) -> str | None:
        """Why nobody new may come to store, None when they may."""
        return self._first.door

    @property
    def warning(self) -> str | None:
        """Why somebody should look at the stores, None when all is well."""
        said = [mark.warning for mark in self._marks.values() if mark.warning is not None]
        return "; ".join(said) or None

    def health(self) -> Mapping[str, StoreHealth]:
        """How each store is doing, by its name."""
        return {name: StoreHealth(mark.refusal, mark.warning) for name, mark in self._marks.items()}

    async def refresh(self) -> None:
        """Ask the stores how they are; whoever observes them is told of what is new."""
        for name, mark in self._marks.items():
            await mark.refresh()
            before, self._told[name] = self._told[name], mark.concern
            if (before and before.kind) != (mark.concern and mark.concern.kind):
                self._observer.concern_changed(before, mark.concern)

    async def stage_in(self, name: str, request: StageRequest) -> Staged:
        """Open an object in the store of that name.

        Raises:
            StoreError: it takes nothing in.
        """
        refusal = self._marks[name].refusal if name in self._marks else None
        if refusal is not None:
            raise StoreError(StoreFault.NOT_ADMITTED, refusal)
        if isinstance(self._store, StoresTogether):
            return await self._store.stage_in(name, request)
        return await self._store.stage(request)
