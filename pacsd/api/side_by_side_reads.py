"""Several small reads side by side, for a store that cannot read them together."""

from collections.abc import Sequence
from contextlib import aclosing

import anyio

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore, ByteRange, Location


async def read_side_by_side(
    store: BlobStore, wanted: Sequence[tuple[Location, ByteRange]], *, at_once: int
) -> Sequence[bytes | StoreError]:
    """The bytes of one range of each object, one answer each, in their order.

    So many are read at once; all of them are in memory in the end. What `read` raises is an answer.
    """
    answers: dict[int, bytes | StoreError] = {}
    limit = anyio.CapacityLimiter(at_once)

    async def read(number: int, location: Location, part: ByteRange) -> None:
        async with limit:
            try:
                async with aclosing(store.read(location, [part])) as pieces:
                    answers[number] = b"".join([piece async for piece in pieces])
            except StoreError as error:
                answers[number] = error

    async with anyio.create_task_group() as tasks:
        for number, (location, part) in enumerate(wanted):
            tasks.start_soon(read, number, location, part)
    return [answers[number] for number in range(len(wanted))]
