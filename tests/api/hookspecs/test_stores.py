import pytest

from pacsd.api.errors import HookError
from pacsd.api.hooks import hookimpl
from pacsd.api.receiving import NotAccepted, ReceivedInstance, StoreChoice
from pacsd.api.store import BlobStore, Stores
from pacsd.testing.memory_store import MemoryStore
from tests.api.hookspecs.hooks_of import hooks_of
from tests.api.hookspecs.test_receiving import INSTANCE

STORES = ("fast", "slow")


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
    assert hooks.blob_store.made_of == {"outer": {"inner"}}


class Chooser:
    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[tuple[ReceivedInstance, tuple[str, ...]]] = []

    @hookimpl
    async def pacsd_choose_store(
        self, instance: ReceivedInstance, stores: tuple[str, ...]
    ) -> object:
        self.asked.append((instance, stores))
        return self.answer


@pytest.mark.parametrize("answer", [None, "slow", StoreChoice("fast", "small")])
async def test_hook_pacsd_choose_store(answer: object) -> None:
    silent, chooser = Chooser(None), Chooser(answer)
    hook = hooks_of(chooser, silent).choose_store
    assert await hook(instance=INSTANCE, stores=STORES) == answer
    assert silent.asked == chooser.asked == [(INSTANCE, STORES)]


@pytest.mark.parametrize("junk", ["vault", "", StoreChoice("vault"), 7, ("fast",)])
async def test_what_is_no_store_is_junk(junk: object) -> None:
    errors: list[HookError] = []
    hook = hooks_of(Chooser(junk), errors=errors).choose_store
    answer = await hook(instance=INSTANCE, stores=STORES)
    assert answer == NotAccepted(0xA700, "Could not be decided now: try again")
    [error] = errors
    assert (error.plugin, error.hook) == ("acme", "pacsd_choose_store")
    assert "none of fast, slow" in error.explanation or "instead of" in error.explanation
