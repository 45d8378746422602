import hashlib

import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.reception import Reception
from pacsd.api.store import BlobStore, Location, StageRequest
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.identity import Unacceptable
from pacsd.archive.instance import InstanceRequest
from pacsd.archive.stored_file import read_stored
from pacsd.dicom.errors import Part10Error
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set

REQUEST = InstanceRequest(
    CT_IMAGE_STORAGE,
    "1.2.3.4",
    "1.2.840.10008.1.2.1",
    Reception(1, "CT1", "PACSD", "192.0.2.7", 1_700_000_000_000_001, "dimse"),
)


async def stored(store: BlobStore, content: bytes) -> Location:
    staged = await store.stage(StageRequest(1, content, hashlib.sha256()))
    [location] = await store.commit([staged])
    assert isinstance(location, Location)
    return location


@pytest.mark.parametrize("pixel_bytes", [0, 10, 3_000_000])
async def test_a_file_tells_all_that_the_index_knows(pixel_bytes: int) -> None:
    store, content = MemoryStore(), data_set(pixel_bytes=pixel_bytes)
    location = await stored(store, encode_preface(REQUEST) + content)
    new = await read_stored(store, location)
    assert new.reception == REQUEST.reception
    assert (new.sop_class_uid, new.sop_instance_uid) == (CT_IMAGE_STORAGE, "1.2.3.4")
    assert new.transfer_syntax_uid == "1.2.840.10008.1.2.1"
    assert new.study_instance_uid == "1.2.3"
    assert new.copy.location == location
    assert new.copy.data_set_bytes == len(content)
    assert new.copy.sha256 == hashlib.sha256(content).digest()


@pytest.mark.parametrize("content", [b"", b"no DICOM at all", bytes(200)])
async def test_what_is_no_file_of_ours_is_refused(content: bytes) -> None:
    store = MemoryStore()
    with pytest.raises(Part10Error):
        await read_stored(store, await stored(store, content))


async def test_a_data_set_that_is_another_object_is_refused() -> None:
    store, content = MemoryStore(), data_set({"SOPInstanceUID": "1.2.999"})
    with pytest.raises(Unacceptable):
        await read_stored(store, await stored(store, encode_preface(REQUEST) + content))


async def test_a_file_that_is_gone() -> None:
    with pytest.raises(StoreError) as raised:
        await read_stored(MemoryStore(), Location("memory", "00000001", 5))
    assert raised.value.fault is StoreFault.NOT_FOUND
