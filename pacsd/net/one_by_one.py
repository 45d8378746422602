"""Things that come in groups, taken one by one by several at once."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Generic, TypeVar

import anyio

Thing = TypeVar("Thing")


class OneByOne(Generic[Thing]):
    """The things of all groups in their order; a group is asked for when the last one is taken."""

    def __init__(self, groups: AsyncIterator[Sequence[Thing]]) -> None:
        self._groups = groups
        self._here: deque[Thing] = deque()
        self._turn = anyio.Lock()

    @property
    def here(self) -> Sequence[Thing]:
        """Those that came and were not taken yet."""
        return self._here

    async def take(self) -> Thing | None:
        """The next one, None if there is no more."""
        while not self._here:
            async with self._turn:
                if self._here:
                    break
                group = await anext(self._groups, None)
                if group is None:
                    return None
                self._here.extend(group)
        return self._here.popleft()

    def put_back(self, thing: Thing) -> None:
        """It was taken for nothing: it is the next one again."""
        self._here.appendleft(thing)
