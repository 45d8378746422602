"""A store and an index of one another, filled through the same door as at ingest."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pacsd.api.reception import Reception
from pacsd.api.store import Location, StageRequest
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.instance import InstanceRequest
from pacsd.archive.stored_file import read_stored
from pacsd.index.index import Index, open_index
from pacsd.index.records import Copy, Scope
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set

STORE = "memory"
SCOPE = Scope()
NOW_US = 1_700_000_000_000_000
RECEPTION = Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse")


def content(number: int, comments: str = "") -> bytes:
    uid = f"1.2.3.{number}"
    request = InstanceRequest(CT_IMAGE_STORAGE, uid, "1.2.840.10008.1.2.1", RECEPTION)
    return encode_preface(request) + data_set({"SOPInstanceUID": uid, "ImageComments": comments})


@dataclass(frozen=True, slots=True)
class Stored:
    """Both, and what a test does to them."""

    store: MemoryStore
    index: Index

    async def file(self, contents: bytes) -> Location:
        """A file that the index knows nothing of."""
        staged = await self.store.stage(StageRequest(1, contents, hashlib.sha256()))
        (location,) = await self.store.commit([staged])
        assert isinstance(location, Location)
        return location

    async def add(self, *contents: bytes) -> list[str]:
        """Store and index; the keys."""
        locations = [await self.file(each) for each in contents]
        await self.index.add([await read_stored(self.store, each) for each in locations])
        return [location.key for location in locations]

    async def copies(self) -> dict[str, Copy]:
        found = await self.index.copies.by_location(SCOPE, STORE)
        return {copy.location.key: copy for copy in found}

    def damage(self, key: str) -> None:
        """One bit of the data set."""
        changed = bytearray(self.store.objects[key])
        changed[-3] ^= 1
        self.store.objects[key] = bytes(changed)


@asynccontextmanager
async def stored(folder: Path) -> AsyncIterator[Stored]:
    async with open_index(folder, now_us=lambda: NOW_US, durability=Durability.RELAXED) as index:
        yield Stored(MemoryStore(STORE), index)
