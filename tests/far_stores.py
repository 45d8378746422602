"""Stores of the plugin `store_s3`, opened for tests: on a spool of files, with little patience."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import structlog
from obstore.store import MemoryStore as FarMemory
from pacsd_s3_client.far import Far
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.root import open_root
from pacsd_store_fs.store import FileStore
from pacsd_store_s3.backoff import Backoff
from pacsd_store_s3.parts import Parts, Patience, opened
from pacsd_store_s3.settings import StoreS3Settings
from pacsd_store_s3.store import SpooledStore

SOON = Backoff(0.01, 0.05)
PATIENCE = Patience(SOON, SOON)
DEADLINE_S = 30.0


KEY = {"access_key_id": "key", "secret_access_key": "secret"}
"""For servers that take any."""


def settings(**values: object) -> StoreS3Settings:
    """Settings that leave the disk of the machine alone."""
    usual = {"bucket": "pacsd", "keep_free_bytes": 0, "request_timeout_s": 20, **KEY}
    return StoreS3Settings.model_validate({**usual, **values})


class Opened(SpooledStore):
    """A store, and what it is made of."""

    def __init__(self, parts: Parts, *, wait_for_far_s: float | None) -> None:
        super().__init__("store_s3", parts, wait_for_far_s=wait_for_far_s)
        self.parts = parts

    async def all_uploaded(self) -> None:
        """Wait until nothing waits for the far store."""
        catalogue = self.parts.catalogue
        await until(lambda: not (catalogue.waiting_objects or catalogue.deleted))


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds that nobody tells of: the work of others is done in between."""
    with anyio.fail_after(DEADLINE_S):
        while not holds():  # noqa: ASYNC110 - there is no event
            await anyio.sleep(0.002)


def far_memory() -> Far:
    """A far store in memory."""
    return Far(FarMemory())


def file_spool(folder: Path) -> FileStore:
    """A spool of files that need not survive a power cut."""
    root = open_root(folder / "store", folder / "store_fs.json", Disk())
    return FileStore("store_fs", root, sync=False)


@asynccontextmanager
async def opened_store(
    folder: Path, far: Far, chosen: StoreS3Settings | None = None, *, runs: bool = True
) -> AsyncIterator[Opened]:
    """A store in a folder; with `runs` it uploads, evicts and so on until it is closed."""
    chosen = chosen or settings()
    spool = file_spool(folder)
    logger = structlog.get_logger()
    try:
        async with (
            opened("store_s3", chosen, spool, far, folder, logger, PATIENCE) as parts,
            anyio.create_task_group() as tasks,
        ):
            if runs:
                tasks.start_soon(parts.run, chosen.concurrency)
            wait_s = chosen.acknowledge_timeout_s if chosen.acknowledge == "far" else None
            yield Opened(parts, wait_for_far_s=wait_s)
            tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await spool.close()


@asynccontextmanager
async def held_store(
    folder: Path, far: Far, chosen: StoreS3Settings | None = None
) -> AsyncIterator[Opened]:
    """As `opened_store`, for a fixture: whose two halves run in tasks of their own."""
    given: asyncio.Queue[Opened] = asyncio.Queue()
    is_over = asyncio.Event()

    async def hold() -> None:
        async with opened_store(folder, far, chosen) as store:
            given.put_nowait(store)
            await is_over.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold())
        with suppress(GeneratorExit):
            yield await given.get()
        is_over.set()
