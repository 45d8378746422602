"""Files of groups that the index failed: whether it has them after all is not known yet.

They are settled before anything else is indexed. Otherwise each try of a sender would leave a
file, and one that nobody was told of would lie before the one acknowledged later: an index made
anew would take it for the first.
"""

from collections.abc import Awaitable, Callable, Sequence

import anyio

from pacsd.api.store import Location
from pacsd.archive.register import Register


class Unsettled:
    """Remembers the files of groups that failed; `remove` removes those the index does not name."""

    def __init__(
        self, register: Register, remove: Callable[[Sequence[Location]], Awaitable[None]]
    ) -> None:
        self._register = register
        self._remove = remove
        self._files: list[Location] = []
        self._one_at_a_time = anyio.Lock()

    def add(self, files: Sequence[Location]) -> None:
        """Remember files whose `add` failed."""
        self._files += files

    async def settle(self) -> None:
        """Find out about all of them; afterwards the index may be given others.

        Raises:
            IndexFault: it still fails, and the files stay.
        """
        if not self._files:
            return
        async with self._one_at_a_time:
            files = tuple(self._files)
            if files:
                await self._register.settle(len(files))
                await self._remove(files)
                del self._files[: len(files)]
