"""The contract suite of the port BlobStore.

A plugin's tests subclass BlobStoreContract, provide a fixture `store`, and pytest does the rest:

    class TestMyStore(BlobStoreContract):
        @pytest.fixture
        async def store(self): ...
"""
# ruff: noqa: S101 - assert is how a contract suite speaks

import hashlib
from contextlib import aclosing

import anyio.to_thread
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import (
    BlobStore,
    Buffer,
    ByteRange,
    Location,
    OpensFiles,
    ReadsTogether,
    Staged,
    StageRequest,
)

PARTITION = 1
PREFACE = b"preface"


async def stage(store: BlobStore, *buffers: Buffer, partition: int = PARTITION) -> Staged:
    """A staged object with these buffers written one by one."""
    staged = await store.stage(StageRequest(partition, PREFACE, hashlib.sha256()))
    for buffer in buffers:
        await staged.write([buffer])
    return staged


async def commit_one(store: BlobStore, *buffers: Buffer, partition: int = PARTITION) -> Location:
    """The location of a committed object."""
    [result] = await store.commit([await stage(store, *buffers, partition=partition)])
    assert isinstance(result, Location), result
    return result


async def read_all(
    store: BlobStore, location: Location, ranges: list[ByteRange] | None = None
) -> bytes:
    """The bytes of an object, or of ranges of it."""
    async with aclosing(store.read(location, ranges)) as pieces:
        return b"".join([piece async for piece in pieces])


async def list_all(store: BlobStore) -> list[Location]:
    """All objects of all pages."""
    page = await store.list()
    locations = list(page.locations)
    while page.next_cursor is not None:
        page = await store.list(page.next_cursor)
        locations += page.locations
    return locations


class BlobStoreContract:
    """What every BlobStore does; the fixture `store` gives an empty one."""

    async def test_keeps_preface_and_buffers_in_order(self, store: BlobStore) -> None:
        """An object is its preface and all that was written."""
        location = await commit_one(store, b"one", bytearray(b"two"), memoryview(b"three"))
        assert await read_all(store, location) == PREFACE + b"onetwothree"
        assert location.size_bytes == len(PREFACE) + 11

    async def test_digests_what_is_written_but_not_the_preface(self, store: BlobStore) -> None:
        """The digest covers the data set only."""
        digest = hashlib.sha256()
        staged = await store.stage(StageRequest(PARTITION, PREFACE, digest))
        await staged.write([b"one", memoryview(b"two")])
        await staged.write([])
        await staged.write([b"three"])
        await store.commit([staged])
        assert digest.digest() == hashlib.sha256(b"onetwothree").digest()

    async def test_copies_what_it_needs_of_a_buffer(self, store: BlobStore) -> None:
        """A buffer is its owner's again once the write returns."""
        buffer = bytearray(b"before")
        staged = await stage(store, buffer)
        buffer[:] = b"after!"
        [location] = await store.commit([staged])
        assert isinstance(location, Location)
        assert await read_all(store, location) == PREFACE + b"before"

    async def test_commits_an_object_nothing_was_written_to(self, store: BlobStore) -> None:
        """An empty data set is an object, too."""
        assert await read_all(store, await commit_one(store)) == PREFACE

    async def test_commits_a_group_in_order(self, store: BlobStore) -> None:
        """One answer each; no two objects share a key."""
        group = [await stage(store, bytes([number]) * number) for number in range(20)]
        results = await store.commit(group)
        locations = [result for result in results if isinstance(result, Location)]
        contents = [await read_all(store, location) for location in locations]
        assert contents == [PREFACE + bytes([number]) * number for number in range(20)]
        assert len({location.key for location in locations}) == 20  # noqa: PLR2004 - as above

    async def test_commits_an_empty_group(self, store: BlobStore) -> None:
        """Nothing in, nothing out."""
        assert list(await store.commit([])) == []

    async def test_one_object_never_fails_its_group(self, store: BlobStore) -> None:
        """Only the aborted one is refused."""
        group = [await stage(store, b"one"), await stage(store, b"two")]
        await group[0].abort()
        failed, kept = await store.commit(group)
        assert isinstance(failed, StoreError)
        assert isinstance(kept, Location)
        assert await read_all(store, kept) == PREFACE + b"two"

    async def test_shows_nothing_before_commit(self, store: BlobStore) -> None:
        """A staged object is invisible."""
        staged = await stage(store, b"staged")
        assert await list_all(store) == []
        await staged.abort()

    async def test_abort_is_idempotent_and_final(self, store: BlobStore) -> None:
        """After an abort nothing can be written."""
        staged = await stage(store, b"gone")
        await staged.abort()
        await staged.abort()
        with pytest.raises(StoreError):
            await staged.write([b"late"])
        assert await list_all(store) == []

    async def test_abort_after_commit_does_nothing(self, store: BlobStore) -> None:
        """What is committed stays."""
        staged = await stage(store, b"kept")
        [location] = await store.commit([staged])
        await staged.abort()
        assert isinstance(location, Location)
        assert await read_all(store, location) == PREFACE + b"kept"

    async def test_reads_ranges_one_after_the_other(self, store: BlobStore) -> None:
        """In any order, overlapping, and empty ones, too."""
        location = await commit_one(store, b"0123456789")
        start = len(PREFACE)
        ranges = [ByteRange(start + 8, 2), ByteRange(start, 3), ByteRange(start + 1, 0)]
        assert await read_all(store, location, ranges) == b"89012"
        assert await read_all(store, location, []) == b""

    @pytest.mark.parametrize(("offset_bytes", "length_bytes"), [(0, 12), (12, 1), (-1, 2), (3, -1)])
    async def test_refuses_ranges_outside_the_object(
        self, store: BlobStore, offset_bytes: int, length_bytes: int
    ) -> None:
        """Not a byte of them is read."""
        location = await commit_one(store, b"data")
        with pytest.raises(StoreError) as raised:
            await read_all(store, location, [ByteRange(offset_bytes, length_bytes)])
        assert raised.value.fault is StoreFault.OUT_OF_RANGE

    @pytest.mark.parametrize("key", ["", "/", "..", "../../etc/passwd", "/etc/passwd", "1\0"])
    async def test_has_nothing_under_foreign_keys(self, store: BlobStore, key: str) -> None:
        """A key the store did not make leads nowhere."""
        nowhere = Location("elsewhere", key, 1)
        assert await store.stat(nowhere) is None
        await store.delete(nowhere)
        with pytest.raises(StoreError) as raised:
            await read_all(store, nowhere)
        assert raised.value.fault is StoreFault.NOT_FOUND

    async def test_stat_tells_the_size(self, store: BlobStore) -> None:
        """Preface included."""
        found = await store.stat(await commit_one(store, b"12345"))
        assert found is not None
        assert found.size_bytes == len(PREFACE) + 5

    async def test_deletes(self, store: BlobStore) -> None:
        """Gone from everywhere; a second time nothing happens."""
        location = await commit_one(store, b"data")
        other = await commit_one(store, b"other")
        await store.delete(location)
        await store.delete(location)
        assert await store.stat(location) is None
        assert await list_all(store) == [other]

    async def test_never_gives_a_key_twice(self, store: BlobStore) -> None:
        """Not even that of the last object, deleted."""
        location = await commit_one(store, b"data")
        await store.delete(location)
        assert (await commit_one(store, b"data")).key != location.key

    async def test_lists_all_objects_page_by_page(self, store: BlobStore) -> None:
        """Each once, of every partition."""
        locations = [await commit_one(store, b"x" * number) for number in range(8)]
        locations += [await commit_one(store, b"y", partition=2), await commit_one(store, b"z")]
        listed = await list_all(store)
        assert len(listed) == len(locations)
        assert set(listed) == set(locations)

    async def test_is_writable_and_well(self, store: BlobStore) -> None:
        """An empty store has nothing to complain about."""
        status = await store.status()
        assert not status.is_read_only
        assert status.explanation == ""

    async def test_keeps_records_in_their_order(self, store: BlobStore) -> None:
        """The state log is what was appended, one after the other."""
        assert [record async for record in store.state_log.read()] == []
        await store.state_log.append([b'{"at":1}', b"two"])
        await store.state_log.append([b"three \xff"])
        await store.state_log.append([])
        records = [record async for record in store.state_log.read()]
        assert records == [b'{"at":1}', b"two", b"three \xff"]

    @pytest.mark.parametrize("record", [b"", b"two\nlines", bytes(65_537)])
    async def test_refuses_what_is_no_record(self, store: BlobStore, record: bytes) -> None:
        """A record is one line of bounded length; none of its list is kept."""
        with pytest.raises(ValueError, match="a record of"):
            await store.state_log.append([b"good", record])
        assert [each async for each in store.state_log.read()] == []


class ReadsTogetherContract:
    """What a BlobStore does that is a ReadsTogether as well; the same fixture gives it."""

    async def test_reads_several_together(self, store: BlobStore) -> None:
        """In the order asked for, each as `read` would; one that is missing fails no other."""
        assert isinstance(store, ReadsTogether)
        long = b"x" * 3_000_001
        first, second = [await commit_one(store, data) for data in (b"first", long)]
        start = len(PREFACE)
        wanted = [
            (second, ByteRange(start, len(long))),
            (first, ByteRange(start + 1, 3)),
            (first, ByteRange(start, 99)),
            (Location("elsewhere", "nowhere", 1), ByteRange(0, 1)),
        ]
        read, middle, outside, missing = await store.read_together(wanted)
        assert (read, middle) == (long, b"irs")
        assert isinstance(outside, StoreError)
        assert outside.fault is StoreFault.OUT_OF_RANGE
        assert isinstance(missing, StoreError)
        assert missing.fault is StoreFault.NOT_FOUND
        assert list(await store.read_together([])) == []


class OpensFilesContract:
    """What a BlobStore does that is an OpensFiles as well; the same fixture gives it."""

    async def test_opens_the_file_of_an_object(self, store: BlobStore) -> None:
        """It is read from anywhere, also when the object was deleted meanwhile."""
        assert isinstance(store, OpensFiles)
        location = await commit_one(store, b"content")
        with await store.open_file(location) as file:
            await store.delete(location)
            assert await anyio.to_thread.run_sync(file.read) == PREFACE + b"content"
            assert file.seek(len(PREFACE)) == len(PREFACE)
            assert file.read(3) == b"con"
            assert not file.writable()
            assert file.fileno() >= 0
        with pytest.raises(StoreError) as missing:
            await store.open_file(location)
        assert missing.value.fault is StoreFault.NOT_FOUND
