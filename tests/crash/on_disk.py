"""A file store, an index and ingest as in a daemon, in one directory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.root import open_root
from pacsd_store_fs.store import FileStore

from pacsd.api.reception import Reception
from pacsd.app.clock import utc_us
from pacsd.archive.check import Check
from pacsd.archive.check_records import CheckProgress
from pacsd.archive.ingest import Ingest, IngestOutcome, InstanceRequest
from pacsd.index.index import Index, open_index
from pacsd.index.sqlite import Durability
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set

STORE = "store_fs"


@dataclass(frozen=True, slots=True)
class OnDisk:
    """What is open, and what a test does with it."""

    folder: Path
    store: FileStore
    index: Index
    ingest: Ingest
    taking_in: anyio.Lock

    async def send(self, number: int, comments: str = "", pixel_bytes: int = 0) -> IngestOutcome:
        """Store an object as a peer would."""
        uid = f"1.2.3.{number}"
        reception = Reception(1, "CT1", "PACSD", "192.0.2.7", utc_us(), "dimse")
        request = InstanceRequest(CT_IMAGE_STORAGE, uid, "1.2.840.10008.1.2.1", reception)
        intake = self.ingest.begin(request)
        intake.write(
            data_set({"SOPInstanceUID": uid, "ImageComments": comments}, pixel_bytes=pixel_bytes)
        )
        return await intake.finish()

    async def check(self, *, with_digests: bool = False, is_in_use: bool = True) -> CheckProgress:
        check = Check(
            self.store,
            STORE,
            self.index,
            self.index,
            self.taking_in,
            now_us=utc_us,
            with_digests=with_digests,
            is_in_use=is_in_use,
        )
        await check.run()
        return check.progress()

    def files(self) -> list[Path]:
        """The stored files, by number."""
        return sorted((self.folder / "store/objects").rglob("*.dcm"))


@asynccontextmanager
async def on_disk(folder: Path, disk: Disk | None = None) -> AsyncIterator[OnDisk]:
    """Everything in this folder; files are flushed if they go through a disk that is given."""
    root = open_root(folder / "store", folder / "store_fs.json", Disk())
    store = FileStore(STORE, root, sync=disk is not None, disk=disk)
    index_folder = folder / "index"
    index_folder.mkdir(exist_ok=True)
    try:
        async with (
            open_index(index_folder, now_us=utc_us, durability=Durability.RELAXED) as index,
            anyio.create_task_group() as tasks,
        ):
            taking_in, started = anyio.Lock(), anyio.Event()
            ingest = Ingest(store, index, taking_in=taking_in, now_us=utc_us)
            tasks.start_soon(ingest.run, started.set)
            await started.wait()
            yield OnDisk(folder, store, index, ingest, taking_in)
            tasks.cancel_scope.cancel()
    finally:
        await store.close()
