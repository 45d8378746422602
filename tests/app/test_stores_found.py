from collections.abc import AsyncGenerator

import pytest
from structlog.testing import capture_logs

from pacsd.api.errors import HookError, NotProvided, PluginError, StoreError, StoreFault
from pacsd.api.hooks import hookimpl
from pacsd.api.store import BlobStore, Stores
from pacsd.app.conf.settings import StoreSettings
from pacsd.app.stores_found import found, together
from pacsd.archive.stores import StoresTogether
from pacsd.testing.memory_store import MemoryStateLog, MemoryStore
from tests.api.hookspecs.hooks_of import hooks_of


class Shop:
    """Gives any store of these; `outermost` is made of `outer`, and that one of `inner`."""

    def __init__(self, *names: str) -> None:
        self.stores = {name: MemoryStore(name) for name in names}

    @hookimpl
    async def pacsd_blob_store(self, name: str, stores: Stores) -> BlobStore | None:
        part = {"outermost": "outer", "outer": "inner"}.get(name)
        if part is not None:
            await stores(part)
        return self.stores.get(name)


SHOP = Shop("fast", "slow", "outermost", "outer", "inner")


async def test_all_are_found_the_first_one_first() -> None:
    stores = await found(hooks_of(SHOP), StoreSettings(name="slow", others=("fast", "outer")))
    assert [*stores] == ["slow", "fast", "outer"]
    assert stores["fast"] is SHOP.stores["fast"]


@pytest.mark.parametrize("names", [("fast", "vault"), ("vault", "fast")])
async def test_one_that_nobody_gives_is_missed(names: tuple[str, str]) -> None:
    with pytest.raises(NotProvided, match="no plugin provides 'vault'"):
        await found(hooks_of(SHOP), StoreSettings(name=names[0], others=names[1:]))


async def test_one_that_two_give_is_none() -> None:
    with pytest.raises(HookError, match="both provide 'slow'"):
        await found(hooks_of(SHOP, Shop("slow")), StoreSettings(name="fast", others=("slow",)))


@pytest.mark.parametrize("names", [("inner", "outer"), ("outer", "inner")])
async def test_what_another_is_made_of_is_no_store_beside_it(names: tuple[str, str]) -> None:
    """Each would take the other's files for its own."""
    with pytest.raises(PluginError, match="plugin outer: it is made of store 'inner'"):
        await found(hooks_of(SHOP), StoreSettings(name=names[0], others=names[1:]))


@pytest.mark.parametrize("names", [("inner", "outermost"), ("outermost", "inner")])
async def test_nor_is_it_where_another_store_lies_in_between(names: tuple[str, str]) -> None:
    with pytest.raises(PluginError, match="plugin outer: it is made of store 'inner'"):
        await found(hooks_of(SHOP), StoreSettings(name=names[0], others=names[1:]))


async def test_a_store_in_which_something_was_decided_is_the_first_or_none() -> None:
    """Otherwise what was deleted would come back when the index is made anew."""
    shop = Shop("fast", "slow")
    await shop.stores["slow"].state_log.append([b"{}"])
    await found(hooks_of(shop), StoreSettings(name="slow", others=("fast",)))
    with pytest.raises(PluginError, match="plugin slow: its state log has decisions"):
        await found(hooks_of(shop), StoreSettings(name="fast", others=("slow",)))


async def test_one_whose_state_log_cannot_be_read_is_none() -> None:
    class Unreadable(MemoryStateLog):
        async def read(self) -> AsyncGenerator[bytes, None]:
            raise StoreError(StoreFault.INPUT_OUTPUT, "no disk")
            yield b""

    shop = Shop("fast", "slow")
    shop.stores["slow"].state_log = Unreadable(shop.stores["slow"])
    with pytest.raises(PluginError, match="state log cannot be read: input/output error: no disk"):
        await found(hooks_of(shop), StoreSettings(name="fast", others=("slow",)))


def test_a_single_store_is_used_as_it_is() -> None:
    fast, slow = SHOP.stores["fast"], SHOP.stores["slow"]
    assert together({"fast": fast}, {"fast"}) is fast
    assert together({"fast": fast}, ()) is fast
    both = together({"fast": fast, "slow": slow}, {"fast"})
    assert isinstance(both, StoresTogether)
    assert both.parts == {"fast": fast, "slow": slow}


def test_what_lies_in_a_store_that_is_not_there_is_warned_of() -> None:
    with capture_logs() as lines:
        store = together({"fast": SHOP.stores["fast"]}, {"vault", "fast"})
    assert isinstance(store, StoresTogether)
    assert [(line["log_level"], line["store"]) for line in lines] == [("warning", "vault")]
