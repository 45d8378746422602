"""StoreFs: life cycle of the file store and the hook by which it offers itself."""

from collections.abc import Sequence
from pathlib import Path

import anyio.to_thread

from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.root import open_root, problems
from pacsd_store_fs.settings import StoreFsSettings
from pacsd_store_fs.store import FileStore

_ROOTS = {"store_fs": "store"}
"""Whose root is not called as the plugin is: there may be a second one."""


class StoreFs(Plugin[StoreFsSettings]):
    """Offers a FileStore under the plugin's name."""

    settings_class = StoreFsSettings
    _store: FileStore | None = None

    def check(self) -> Sequence[str]:
        """What keeps the root from being opened."""
        return problems(self._root_path(), self._identity_file())

    async def startup(self) -> None:
        """Open the root: make it when it is new, remove what was never committed."""
        disk = Disk()
        root = await anyio.to_thread.run_sync(
            open_root, self._root_path(), self._identity_file(), disk
        )
        self._store = FileStore(
            self.host.name,
            root,
            threads=self.settings.threads,
            sync=self.settings.durability == "full",
            disk=disk,
        )
        self.host.logger.info("store opened", root=str(root.path), store=root.identity)

    async def shutdown(self) -> None:
        """Close the root."""
        store, self._store = self._store, None
        if store is not None:
            await store.close()

    @hookimpl
    async def pacsd_blob_store(self, name: str) -> FileStore | None:
        """The store, when it is the one asked for."""
        return self._store if name == self.host.name else None

    def _root_path(self) -> Path:
        name = self.host.name
        return self.host.data_dir / (self.settings.root or _ROOTS.get(name, name))

    def _identity_file(self) -> Path:
        return self.host.data_dir / f"{self.host.name}.json"
