import hashlib

import pytest

from pacsd.api.store import Location, StageRequest
from pacsd.archive.sameness import have_same_values
from pacsd.dicom.reencode import Reencoder
from pacsd.dicom.registry import transfer_syntax
from pacsd.index.records import Copy, CopyState
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
JPEG = "1.2.840.10008.1.2.4.50"
OBJECT = data_set({"Rows": 16, "BitsAllocated": 16, "PatientName": "Doe^J"}, pixel_bytes=512)


def encoded(target_uid: str, data: bytes = OBJECT) -> bytes:
    source, target = transfer_syntax(EXPLICIT), transfer_syntax(target_uid)
    assert source is not None
    assert target is not None
    reencoder = Reencoder(source, target)
    pieces = [bytes(piece) for piece in reencoder.feed(data)]
    return b"".join((*pieces, *map(bytes, reencoder.finish())))


async def stored(store: MemoryStore, data: bytes, syntax_uid: str) -> Copy:
    staged = await store.stage(StageRequest(1, b"preface", hashlib.sha256()))
    await staged.write([data])
    [location] = await store.commit([staged])
    assert isinstance(location, Location)
    return Copy(1, location, len(data), b"", syntax_uid, CopyState.OK, 0)


@pytest.mark.parametrize("first", [IMPLICIT, EXPLICIT, DEFLATED, BIG])
@pytest.mark.parametrize("second", [IMPLICIT, EXPLICIT, DEFLATED, BIG])
async def test_the_same_values_in_two_encodings(first: str, second: str) -> None:
    store = MemoryStore()
    one = await stored(store, encoded(first), first)
    another = await stored(store, encoded(second), second)
    assert await have_same_values(store, one, another) is (first != second)


async def test_other_values() -> None:
    store = MemoryStore()
    changed = OBJECT.replace(b"Doe^J", b"Roe^J")
    one = await stored(store, encoded(IMPLICIT), IMPLICIT)
    another = await stored(store, encoded(BIG, changed), BIG)
    assert not await have_same_values(store, one, another)


async def test_what_is_compressed_or_unreadable_is_not_the_same() -> None:
    store = MemoryStore()
    one = await stored(store, OBJECT, EXPLICIT)
    assert not await have_same_values(store, one, await stored(store, OBJECT, JPEG))
    assert not await have_same_values(store, one, await stored(store, OBJECT[:-5], IMPLICIT))
    gone = await stored(store, encoded(BIG), BIG)
    await store.delete(gone.location)
    assert not await have_same_values(store, one, gone)
