"""A store in memory with the real index beside it, to be filled as a test needs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pacsd.app.export_selection import EXPORT_LIMITS, Selection
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.finding import Finder, QueryLimits
from pacsd.archive.retrieval import Retriever
from pacsd.archive.stored_file import read_stored
from pacsd.archive.stored_headers import StoredHeaders
from pacsd.index.index import Index, open_index
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.archive.test_stored_file import REQUEST, stored


@dataclass
class SmallArchive:
    """What is in it; `limits` are those of the next search."""

    store: MemoryStore
    index: Index
    limits: QueryLimits = EXPORT_LIMITS

    async def add(self, uid: str, *, pixel_bytes: int = 0, **attributes: str) -> bytes:
        """Store an instance: its data set. `attributes` are values by keyword."""
        data = data_set({"SOPInstanceUID": uid, **attributes}, pixel_bytes=pixel_bytes)
        await self.add_data(data, uid, attributes.get("SOPClassUID", CT_IMAGE_STORAGE))
        return data

    async def add_data(self, data: bytes, uid: str, sop_class_uid: str) -> None:
        """Store an instance that is this data set."""
        request = replace(REQUEST, sop_instance_uid=uid, sop_class_uid=sop_class_uid)
        location = await stored(self.store, encode_preface(request) + data)
        await self.index.add([await read_stored(self.store, location)])

    def damage(self, number: int) -> None:
        """Change the last byte of the file that was stored so late."""
        key = list(self.store.objects)[number]
        content = self.store.objects[key]
        self.store.objects[key] = content[:-1] + bytes([content[-1] ^ 1])

    @property
    def retriever(self) -> Retriever:
        return Retriever(self.store, self.index, self.limits)

    @property
    def selection(self) -> Selection:
        headers = StoredHeaders(self.store, self.index)
        return Selection(Finder(self.index, headers, self.limits), self.retriever, self.index)


@asynccontextmanager
async def small_archive(folder: Path) -> AsyncIterator[SmallArchive]:
    async with open_index(folder, now_us=lambda: 0, durability=Durability.RELAXED) as index:
        yield SmallArchive(MemoryStore(), index)
