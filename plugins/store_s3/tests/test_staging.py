import hashlib

import pytest
from pacsd_store_s3.catalogue import Catalogue
from pacsd_store_s3.staging import Room, SpooledStage

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import Location, StageRequest
from pacsd.testing.memory_store import MemoryStore


async def test_what_is_written_is_counted_until_it_is_over() -> None:
    catalogue, spool = Catalogue(), MemoryStore()
    room = Room(catalogue, max_bytes=100, max_objects=2)
    room.enter()
    staged = SpooledStage(await spool.stage(StageRequest(1, b"", hashlib.sha256())), room)
    await staged.write([bytes(60), bytes(10)])
    assert (room.free_bytes, room.free_objects) == (30, 1)
    await staged.abort()
    staged.leave()
    assert (room.free_bytes, room.free_objects) == (100, 2)
    assert not spool.staged


@pytest.mark.parametrize(("objects", "size_bytes"), [(1, 100), (2, 1)])
def test_there_is_room_for_so_many_bytes_and_objects(objects: int, size_bytes: int) -> None:
    catalogue = Catalogue()
    room = Room(catalogue, max_bytes=100, max_objects=2)
    for number in range(objects):
        room.enter()
        room.leave(0)
        catalogue.add_waiting(f"0001/{number}", Location("spool", str(number), size_bytes))
    with pytest.raises(StoreError) as raised:
        room.enter()
    assert raised.value.fault is StoreFault.NO_SPACE
