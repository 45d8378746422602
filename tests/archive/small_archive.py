"""A store in memory and a real index, with what people decide about what lies there."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from pacsd.api.reception import Reception
from pacsd.api.store import Location, Staged, StageRequest
from pacsd.archive.curation import Curation
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.instance import InstanceRequest
from pacsd.archive.state_records import StateRecord, decode_record
from pacsd.archive.stored_file import read_stored
from pacsd.index.index import Index, open_index
from pacsd.index.records import (
    InstanceState,
    NewInstance,
    QuarantinedVersion,
    Scope,
    StoredInstance,
    Verdict,
)
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set

SCOPE = Scope(1)
EXPLICIT = "1.2.840.10008.1.2.1"


class Clock:
    """Rises by one at every look."""

    def __init__(self) -> None:
        self.us = 1_700_000_000_000_000

    def __call__(self) -> int:
        self.us += 1
        return self.us


class SmallArchive:
    """What a test stores, decides and looks at."""

    def __init__(self, store: MemoryStore, index: Index) -> None:
        self.store = store
        self.index = index
        self.clock = Clock()
        self.curation = self.another_curation()

    def another_curation(self) -> Curation:
        """As a daemon has it that was started again."""
        return Curation(self.store, self.store.name, self.index, now_us=self.clock)

    async def stage(self, request: StageRequest) -> Staged:
        """An object that is to be put into the store."""
        return await self.store.stage(request)

    async def file(
        self,
        uid: str,
        comments: str = "",
        attributes: Mapping[str, str] | None = None,
        *,
        restores: bool = False,
    ) -> NewInstance:
        """An object that is in the store, but not in the index."""
        reception = Reception(1, "CT1", "PACSD", "192.0.2.7", self.clock(), "dimse")
        request = InstanceRequest(CT_IMAGE_STORAGE, uid, EXPLICIT, reception)
        content = {"SOPInstanceUID": uid, "ImageComments": comments, **(attributes or {})}
        staged = await self.stage(StageRequest(1, encode_preface(request), hashlib.sha256()))
        await staged.write([data_set(content)])
        [location] = await self.store.commit([staged])
        assert isinstance(location, Location)
        return replace(await read_stored(self.store, location), restores_deleted=restores)

    def damage(self, location: Location) -> None:
        """Have a file hold something else."""
        self.store.objects[location.key] = b"damaged"

    async def put(
        self, uid: str, comments: str = "", attributes: Mapping[str, str] | None = None
    ) -> Verdict:
        """Store an object."""
        [verdict] = await self.index.add([await self.file(uid, comments, attributes)])
        return verdict

    async def instance(self, uid: str) -> StoredInstance:
        """The instance of a UID."""
        found = await self.index.instances.find(SCOPE, uid)
        assert found is not None
        return found

    async def state(self, uid: str) -> InstanceState:
        """What it is to its readers."""
        return (await self.instance(uid)).state

    async def versions(self) -> list[QuarantinedVersion]:
        """All in quarantine."""
        return await self.index.quarantine.page(SCOPE)

    def records(self) -> list[StateRecord]:
        """The state log."""
        return [decode_record(line) for line in self.store.state_log.records]


@asynccontextmanager
async def small_archive(folder: Path) -> AsyncIterator[SmallArchive]:
    """An empty one."""
    clock = Clock()
    async with open_index(folder, now_us=clock, durability=Durability.RELAXED) as index:
        yield SmallArchive(MemoryStore(), index)
