from pacsd.api.hooks import hookimpl
from pacsd.api.store import BlobStore, Stores
from pacsd.testing.memory_store import MemoryStore
from tests.api.hookspecs.hooks_of import hooks_of


async def test_hook_pacsd_blob_store() -> None:
    memory = MemoryStore()

    class Store:
        @hookimpl
        async def pacsd_blob_store(self, name: str, stores: Stores) -> BlobStore | None:
            if name == "outer":
                return await stores("inner")
            return memory if name == "inner" else None

    hooks = hooks_of(Store())
    assert await hooks.blob_store("outer") is memory
    assert await hooks.blob_store("inner") is memory
