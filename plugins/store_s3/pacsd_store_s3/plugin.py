"""StoreS3: life cycle of the store and the hook by which it offers itself."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

import anyio
import anyio.abc
from pacsd_s3_client.settings import missing_client
from pacsd_s3_client.settings import problems as settings_problems

from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.store import BlobStore, Stores
from pacsd_store_s3.belonging import BelongingError, read_identity
from pacsd_store_s3.settings import StoreS3Settings


class StoreS3(Plugin[StoreS3Settings]):
    """Offers a SpooledStore under the plugin's name."""

    settings_class = StoreS3Settings
    _stack: AsyncExitStack | None = None
    _tasks: anyio.abc.TaskGroup | None = None
    _store: BlobStore | None = None

    def check(self) -> Sequence[str]:
        """What can be told without asking the far store."""
        problems = [*settings_problems(self.settings), *missing_client()]
        if self.settings.spool == self.host.name:
            problems.append("spool: names this plugin itself")
        try:
            read_identity(self.host.data_dir / f"{self.host.name}.json")
        except (BelongingError, OSError) as error:
            problems.append(str(error))
        return problems

    async def startup(self) -> None:
        """Be ready to open the store: that needs the spool, which is given with the hook."""
        self._stack = AsyncExitStack()
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())

    async def shutdown(self) -> None:
        """End the uploads; what waits is uploaded after the next start."""
        stack, self._stack, tasks, self._tasks = self._stack, None, self._tasks, None
        self._store = None
        if stack is not None and tasks is not None:
            tasks.cancel_scope.cancel()
            await stack.aclose()

    @hookimpl
    async def pacsd_blob_store(self, name: str, stores: Stores) -> BlobStore | None:
        """The store, when it is the one asked for; opened when it is asked for first."""
        if name != self.host.name or self._tasks is None:
            return None
        if self._store is None:
            spool = await stores(self.settings.spool)
            self._store = await self._opened(self._tasks, spool)
        return self._store

    async def _opened(self, tasks: anyio.abc.TaskGroup, spool: BlobStore) -> BlobStore:
        """Have the store opened by a task that keeps it running; raises what opening raises."""
        store = await tasks.start(self._run, spool, name="store_s3")
        if isinstance(store, Exception):
            raise store
        opened: BlobStore = store
        return opened

    async def _run(
        self,
        spool: BlobStore,
        *,
        task_status: anyio.abc.TaskStatus[BlobStore | Exception],
    ) -> None:
        # Here, not above: with this the client comes, which only whoever uses it has.
        from pacsd_store_s3.running import run  # noqa: PLC0415

        await run(self.host, self.settings, spool, task_status)
