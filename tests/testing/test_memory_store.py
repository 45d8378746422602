import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore
from pacsd.testing.blob_store_contract import (
    BlobStoreContract,
    ReadsTogetherContract,
    stage,
)
from pacsd.testing.memory_store import MemoryStore


class TestMemoryStore(BlobStoreContract, ReadsTogetherContract):
    @pytest.fixture
    def store(self) -> BlobStore:
        return MemoryStore()


@pytest.mark.parametrize("operation", ["stage", "write"])
async def test_fails_when_told(operation: str) -> None:
    store = MemoryStore()
    store.errors[operation] = StoreError(StoreFault.NO_SPACE, operation)
    with pytest.raises(StoreError, match=operation):
        await stage(store, b"data")


async def test_refuses_a_commit_when_told() -> None:
    store = MemoryStore()
    refusal = store.errors["commit"] = StoreError(StoreFault.NO_SPACE, "commit")
    assert await store.commit([await stage(store, b"data")]) == [refusal]
    assert store.objects == {}
