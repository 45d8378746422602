"""The contract suite notices stores that break the contract."""

from collections.abc import Sequence

import pytest

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore, Buffer, Location, Staged, StageRequest
from pacsd.testing.blob_store_contract import BlobStoreContract, commit_one, list_all, read_all
from pacsd.testing.memory_store import MemoryStage, MemoryStore

SUITE = BlobStoreContract()


class LazyStage(MemoryStage):
    """Keeps the buffers themselves instead of their bytes."""

    def __init__(self, store: MemoryStore, request: StageRequest) -> None:
        super().__init__(store, request)
        self.buffers: list[Buffer] = []

    async def write(self, buffers: Sequence[Buffer], /) -> None:
        self.buffers += buffers


class LazyStore(MemoryStore):
    async def stage(self, request: StageRequest, /) -> MemoryStage:
        return LazyStage(self, request)

    async def commit(self, group: Sequence[Staged], /) -> Sequence[Location | StoreError]:
        for staged in group:
            assert isinstance(staged, LazyStage)
            staged.content += b"".join(staged.buffers)
        return await super().commit(group)


class ForgetfulStore(MemoryStore):
    """Names objects by how many there are."""

    async def delete(self, location: Location, /) -> None:
        await super().delete(location)
        self._count = len(self.objects)


async def test_notices_buffers_kept() -> None:
    with pytest.raises(AssertionError):
        await SUITE.test_copies_what_it_needs_of_a_buffer(LazyStore())


async def test_notices_a_digest_not_made() -> None:
    with pytest.raises(AssertionError):
        await SUITE.test_digests_what_is_written_but_not_the_preface(LazyStore())


async def test_notices_a_key_given_twice() -> None:
    with pytest.raises(AssertionError):
        await SUITE.test_never_gives_a_key_twice(ForgetfulStore())


async def test_its_helpers_commit_read_and_list() -> None:
    store: BlobStore = MemoryStore()
    location = await commit_one(store, b"data")
    assert (await read_all(store, location)).endswith(b"data")
    assert await list_all(store) == [location]
