from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pacsd.api.health import Health as PluginsHealth
from pacsd.api.hooks import hookimpl
from pacsd.app.health_wiring import ill_stores
from pacsd.app.opening import Archive
from pacsd.app.plugins.health import PluginHealth
from pacsd.index.index import Index, open_index
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.object_home import ObjectHome
from tests.api.hookspecs.hooks_of import hooks_of


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as opened:
        yield opened


@pytest.mark.parametrize("stores", [["acme"], []])
async def test_only_an_ill_store_keeps_the_daemon_from_being_ready(
    index: Index, stores: list[str]
) -> None:
    class Ill:
        @hookimpl
        async def pacsd_health(self) -> PluginsHealth:
            return PluginsHealth(is_well=False, explanation="no\ndisk")

        @hookimpl
        async def pacsd_blob_store(self) -> MemoryStore:
            return MemoryStore()

    archive = Archive(hooks_of(Ill()), MemoryStore(), index)
    for name in stores:
        await archive.hooks.blob_store(name)
    health = PluginHealth(archive.hooks.health, lambda: {"acme": ObjectHome("acme", Ill())})
    assert ill_stores(archive, health) == []
    await health.now()
    assert ill_stores(archive, health) == [
        f"plugin {each} of the store: no\\ndisk" for each in stores
    ]
