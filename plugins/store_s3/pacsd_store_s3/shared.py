"""One fetch for all who ask for the same at once."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(slots=True, eq=False)
class _Fetch(Generic[Value]):
    """A fetch under way; `found` is what it gave, empty when it failed."""

    is_over: anyio.Event = field(default_factory=anyio.Event)
    found: list[Value] = field(default_factory=list)


class Shared(Generic[Key, Value]):
    """Fetches by key; the last few things fetched are kept."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._under_way: dict[Key, _Fetch[Value]] = {}
        self._last: OrderedDict[Key, Value] = OrderedDict()

    async def get(self, key: Key, fetch: Callable[[], Awaitable[Value]]) -> Value:
        """What `fetch` gives, or gave to somebody else; whoever waited for one that failed tries.

        Raises:
            Exception: what `fetch` raises.
        """
        if key in self._last:
            self._last.move_to_end(key)
            return self._last[key]
        while (under_way := self._under_way.get(key)) is not None:
            await under_way.is_over.wait()
            if under_way.found:
                return under_way.found[0]
        return await self._fetch(key, fetch)

    def forget(self, key: Key) -> None:
        """Keep this no longer."""
        self._last.pop(key, None)

    async def _fetch(self, key: Key, fetch: Callable[[], Awaitable[Value]]) -> Value:
        mine = self._under_way[key] = _Fetch[Value]()
        try:
            value = await fetch()
            mine.found.append(value)
        finally:
            del self._under_way[key]
            mine.is_over.set()
        self._last[key] = value
        while len(self._last) > self._kept:
            self._last.popitem(last=False)
        return value
