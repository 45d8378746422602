"""The daemon's Host of a plugin, with a real index and a way in that runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from pacsd.api.dispatch.tally import Tally
from pacsd.api.hooks import hookimpl
from pacsd.api.keys import Key
from pacsd.api.store import BlobStore
from pacsd.app.plugins.copy_place import CopyPlace
from pacsd.app.plugins.hooks import make_hooks
from pacsd.app.plugins.services import HostServices
from pacsd.app.plugins.stored_instances import StoredInstances
from pacsd.archive.curation import Curation
from pacsd.archive.ingest import Ingest
from pacsd.index.index import open_index
from pacsd.index.sqlite import Durability
from pacsd.testing.host_contract import KEY, KEY_NAME
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.object_home import ObjectHome

NOW_US = 1_700_000_000_000_000


class Vault:
    """Provides the key that every Host is asked for."""

    @hookimpl
    async def pacsd_key(self, name: str) -> Key | None:
        return KEY if name == KEY_NAME else None


@asynccontextmanager
async def serving(folder: Path, store: BlobStore | None = None) -> AsyncIterator[HostServices]:
    """What plugins may ask for; it is closed at the end."""
    kept = store or MemoryStore()
    services = HostServices(lambda: NOW_US)
    started = anyio.Event()
    async with open_index(folder, now_us=lambda: NOW_US, durability=Durability.RELAXED) as index:
        ingest = Ingest(kept, index, now_us=lambda: 0)
        services.open(index, StoredInstances(kept, index, CopyPlace(folder)))
        services.take_in(ingest)
        hooks = make_hooks({"vault": ObjectHome("vault", Vault())}, Tally(), lambda _: None)
        services.give_keys(hooks.key)
        services.decide_by(Curation(kept, "memory", index, now_us=lambda: NOW_US))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ingest.run, started.set)
            await started.wait()
            yield services
            tasks.cancel_scope.cancel()
        services.close()
