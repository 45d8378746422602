"""Things handed from one task to another, one at a time."""

from typing import Generic, TypeVar

import anyio

Item = TypeVar("Item")


class Handover(Generic[Item]):
    """One task gives, another takes; while the taker is busy with one thing, the next one waits.

    As a memory stream without a buffer does, but without going round the event loop for each.
    """

    def __init__(self) -> None:
        self._item: Item | None = None
        self._is_free = anyio.Event()
        self._has_item = anyio.Event()
        self._is_closed = False

    async def give(self, item: Item) -> None:
        """Hand an item over, once the taker is done with the last one.

        Raises:
            anyio.BrokenResourceError: it is closed.
        """
        if not self._is_free.is_set():
            await self._is_free.wait()
        if self._is_closed:
            raise anyio.BrokenResourceError
        self._is_free = anyio.Event()
        self._item = item
        self._has_item.set()

    async def take(self) -> Item | None:
        """The next item, None once it is closed and nothing is left."""
        self._is_free.set()
        if self._item is None and not self._is_closed:
            await self._has_item.wait()
        self._has_item = anyio.Event()
        item, self._item = self._item, None
        return item

    def close(self) -> None:
        """Nothing more is given or taken, but for what was given already."""
        self._is_closed = True
        self._is_free.set()
        self._has_item.set()
