import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pacsd.api.host import HostError
from pacsd.api.store import BlobStore
from pacsd.app.plugins.copy_place import CopyPlace
from pacsd.app.plugins.stored_instances import StoredInstances
from pacsd.dicom.level import Level
from pacsd.testing.memory_store import MemoryStore
from tests.app.small_archive import SmallArchive, small_archive
from tests.archive.test_retrieval import corrected

UID = "1.2.3.7"


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as made:
        await made.add(UID)
        yield made


def reading(
    archive: SmallArchive, folder: Path, store: BlobStore | None = None, min_free_bytes: int = 0
) -> StoredInstances:
    place = CopyPlace(folder, min_free_bytes)
    return StoredInstances(store or archive.store, archive.index, place)


async def test_the_header_is_as_corrected_the_file_as_stored(
    archive: SmallArchive, tmp_path: Path
) -> None:
    await corrected(archive.index, "1.2.3", 0x00100010, "New^Name", Level.STUDY)
    tested = reading(archive, tmp_path)
    header = json.loads(await tested.header(UID))
    assert header["00100010"]["Value"] == [{"Alphabetic": "New^Name"}]
    assert b"Test^Object" in await tested.read(UID, 0, 10_000)


async def test_a_copy_has_no_name_and_cannot_be_written(
    archive: SmallArchive, tmp_path: Path
) -> None:
    before = sorted(os.listdir(tmp_path))  # noqa: PTH208 - names alone
    tested = reading(archive, tmp_path)
    with await tested.open(UID) as file:
        assert file.read() == await tested.read(UID, 0, 10_000)
        assert sorted(os.listdir(tmp_path)) == before  # noqa: PTH208 - as above
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(file.fileno(), b"x")


async def test_no_copy_is_made_on_a_full_disk(archive: SmallArchive, tmp_path: Path) -> None:
    tested = reading(archive, tmp_path, min_free_bytes=2**62)
    with pytest.raises(HostError, match=r"nearly full \(store.min_free_bytes\)"):
        await tested.open(UID)


async def test_what_the_store_lost_is_told(archive: SmallArchive, tmp_path: Path) -> None:
    tested = reading(archive, tmp_path, MemoryStore())
    for asked in (tested.open(UID), tested.read(UID, 0, 1), tested.header(UID)):
        with pytest.raises(HostError):
            await asked
