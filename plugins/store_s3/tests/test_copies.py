from collections.abc import AsyncIterator, Sequence

import pytest
from pacsd_store_s3.copies import HEADER_BYTES, Copies

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore, ByteRange, Location
from pacsd.testing.blob_store_contract import commit_one, read_all
from pacsd.testing.memory_store import MemoryStore


async def pieces() -> AsyncIterator[bytes]:
    yield b"one"
    yield b"two"


class OneByOne(MemoryStore):
    """Cannot read together."""

    read_together = None  # type: ignore[assignment]


@pytest.mark.parametrize("spool", [MemoryStore(), OneByOne()])
async def test_copies_are_told_from_other_objects(spool: BlobStore) -> None:
    copies = Copies(spool, "identity")
    copy = await copies.keep("0001/a", pieces())
    assert await read_all(spool, copy, [ByteRange(HEADER_BYTES, 6)]) == b"onetwo"
    of_others = await Copies(spool, "another").keep("0001/a", pieces())
    found: Sequence[Location] = [
        copy,
        await commit_one(spool, b"short"),
        await commit_one(spool, bytes(HEADER_BYTES)),
        of_others,
    ]
    assert await copies.keys_of(found) == ["0001/a", None, None, None]
    assert await copies.keys_of([]) == []


async def test_what_the_spool_does_not_take_leaves_nothing() -> None:
    spool = MemoryStore()
    for operation in ("write", "commit"):
        spool.errors = {operation: StoreError(StoreFault.NO_SPACE, "full")}
        with pytest.raises(StoreError, match="full"):
            await Copies(spool, "identity").keep("0001/a", pieces())
        assert (spool.staged, spool.objects) == (set(), {})
