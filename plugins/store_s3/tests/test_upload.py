import pytest
from pacsd_s3_client.far import Far
from pacsd_s3_client.faults import FarError, FarFault
from pacsd_store_s3.blocks import decode_table, sha256_hex
from pacsd_store_s3.catalogue import Place
from pacsd_store_s3.keys import Names
from pacsd_store_s3.upload import Upload

from pacsd.api.store import Location
from pacsd.testing.blob_store_contract import PREFACE, commit_one
from pacsd.testing.memory_store import MemoryStore
from tests.far_stores import far_memory

NAMES, KEY, PART = Names(), "0001/a", 5 * 2**20
SIZES = (1, 70_000, 200_000, PART + 1)


def uploader(spool: MemoryStore, far: Far) -> Upload:
    return Upload(spool, far, NAMES, part_bytes=PART, max_whole_bytes=100_000)


@pytest.mark.parametrize("size_bytes", SIZES)
async def test_what_is_uploaded_can_be_verified(size_bytes: int) -> None:
    spool, far = MemoryStore(), far_memory()
    content = bytes(size_bytes)
    place = Place(await commit_one(spool, content))
    found = await uploader(spool, far)(KEY, place)
    assert (found.size_bytes, found.sha256) == (
        place.location.size_bytes,
        sha256_hex(PREFACE + content),
    )
    table = await far.facts(NAMES.blocks(KEY))
    assert (table is not None) == (size_bytes > 100_000)
    if table is not None:
        data, _ = await far.get(NAMES.blocks(KEY), most_bytes=table.size_bytes)
        assert decode_table(data).size_bytes == place.location.size_bytes
    # Once more, as after a crash.
    assert await uploader(spool, far)(KEY, place) == found


@pytest.mark.parametrize("size_bytes", SIZES)
async def test_another_object_there_is_told_and_stays(size_bytes: int) -> None:
    spool, far = MemoryStore(), far_memory()
    await far.put_new(NAMES.object(KEY), b"another", "digest")
    place = Place(await commit_one(spool, bytes(size_bytes)))
    with pytest.raises(FarError, match="another object lies there, of 7 bytes") as raised:
        await uploader(spool, far)(KEY, place)
    assert raised.value.fault is FarFault.REFUSED
    assert (await far.get(NAMES.object(KEY), most_bytes=9))[0] == b"another"


async def test_another_table_there_is_told() -> None:
    spool, far = MemoryStore(), far_memory()
    await far.put_new(NAMES.blocks(KEY), b"another")
    place = Place(await commit_one(spool, bytes(200_000)))
    with pytest.raises(FarError, match="another table of blocks"):
        await uploader(spool, far)(KEY, place)


async def test_what_the_spool_cannot_read_is_told() -> None:
    place = Place(Location("spool", "nowhere", 5))
    with pytest.raises(FarError, match="the spool cannot read it: not found"):
        await uploader(MemoryStore(), far_memory())(KEY, place)
