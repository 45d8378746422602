"""Reading ahead: data sets that leave one after the other, several of them read at once.

To have a thread read a slice of a CT, and to be woken when it has, costs more than the reading.
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import TypeAlias

import anyio

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore, ByteRange, Location, ReadsTogether, reads_together
from pacsd.archive.retrievable import Retrievable

TOGETHER = 8
"""So many data sets are read at once,"""

TOGETHER_BYTES = 4 * 1024 * 1024
"""and no more than so many bytes, of which those of two groups may be here."""

LONGEST_BYTES = 1024 * 1024
"""A longer data set is read by itself, in pieces."""

Read: TypeAlias = Callable[[Retrievable], AsyncGenerator[bytes, None]]
Opens: TypeAlias = Callable[[], AsyncGenerator[bytes, None]]


def reading_ahead(store: BlobStore, page: Sequence[Retrievable], read: Read) -> list[Opens]:
    """How to read the data set of each instance, best in their order; `read` reads one alone."""
    if not reads_together(store):
        return [partial(read, instance) for instance in page]
    opens: list[Opens] = []
    together: _Together | None = None
    for group in _groups(page):
        together = _Together(store, group, together)
        opens += [partial(_data_set, together, place, read) for place in range(len(group))]
    return opens


class _Together:
    """Instances whose data sets are read when the first of them is asked for.

    Of those `before` the last ones nobody will ask any more: what a receiver does not accept is
    never opened, and what is asked for all the same is read alone.
    """

    def __init__(
        self,
        store: ReadsTogether,
        instances: Sequence[Retrievable],
        before: "_Together | None",
    ) -> None:
        self.instances = instances
        self.before = before
        self._store = store
        self._turn = anyio.Lock()
        self._unread = len(instances) > 1
        self._read: dict[int, bytes] = {}

    async def take(self, place: int) -> bytes | None:
        """A data set, once; None if it must be read alone."""
        if self._unread:
            async with self._turn:
                await self._read_all()
        return self._read.pop(place, None)

    async def _read_all(self) -> None:
        """What cannot be read is told when it is read alone, from another copy perhaps."""
        if self._unread:
            with suppress(StoreError):
                wanted = [_whole(each) for each in self.instances]
                answers = await self._store.read_together(wanted)
                self._read = {
                    place: answer
                    for place, (answer, instance) in enumerate(
                        zip(answers, self.instances, strict=False)
                    )
                    if isinstance(answer, bytes) and len(answer) == instance.data_set_bytes
                }
            self._unread = False
            self._forget_earlier()

    def _forget_earlier(self) -> None:
        """Keep what the last group still has: it is being taken while this one is read."""
        if self.before is not None:
            earlier, self.before.before = self.before.before, None
            while earlier is not None:
                earlier.forget()
                earlier = earlier.before

    def forget(self) -> None:
        """Keep nothing."""
        self._read.clear()


async def _data_set(together: _Together, place: int, read: Read) -> AsyncGenerator[bytes, None]:
    data = await together.take(place)
    if data is not None:
        yield data
        return
    async with aclosing(read(together.instances[place])) as pieces:
        async for piece in pieces:
            yield piece


def _groups(page: Sequence[Retrievable]) -> Iterator[list[Retrievable]]:
    """The page, divided: what is not read together is a group of its own."""
    group: list[Retrievable] = []
    size_bytes = 0
    for instance in page:
        is_alone = instance.is_corrected or not 0 < instance.data_set_bytes <= LONGEST_BYTES
        is_full = len(group) == TOGETHER or size_bytes + instance.data_set_bytes > TOGETHER_BYTES
        if group and (is_alone or is_full):
            yield group
            group, size_bytes = [], 0
        if is_alone:
            yield [instance]
        else:
            group.append(instance)
            size_bytes += instance.data_set_bytes
    if group:
        yield group


def _whole(instance: Retrievable) -> tuple[Location, ByteRange]:
    copy = instance.copies[0]
    offset = copy.location.size_bytes - copy.data_set_bytes
    return copy.location, ByteRange(offset, copy.data_set_bytes)
