from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import anyio
import pytest

from pacsd.api.host import HostError
from pacsd.app.plugins.adding import add_file
from pacsd.archive.ingest import Ingest
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set, dicom_file

MEBIBYTE = 1024 * 1024


class Archive:
    """What is kept of what was added."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.register = MemoryRegister()

    @asynccontextmanager
    async def taking_in(self) -> AsyncIterator[Ingest]:
        ingest = Ingest(self.store, self.register, now_us=lambda: 0)
        started = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ingest.run, started.set)
            await started.wait()
            yield ingest
            tasks.cancel_scope.cancel()


async def test_a_file_comes_in_from_its_plugin_byte_for_byte() -> None:
    archive = Archive()
    file = BytesIO(dicom_file(pixel_bytes=20 * MEBIBYTE))
    file.read()
    async with archive.taking_in() as ingest:
        assert await add_file(file, "acme", ingest, 7) == "1.2.3.4"
    [new] = archive.register.instances.values()
    assert (new.reception.origin, new.reception.received_at_us) == ("plugin:acme", 7)
    assert archive.store.objects[new.copy.key].endswith(data_set(pixel_bytes=20 * MEBIBYTE))


async def test_what_is_here_already_is_not_taken_in_again_another_version_is_refused() -> None:
    archive = Archive()
    async with archive.taking_in() as ingest:
        for _ in range(2):
            assert await add_file(BytesIO(dicom_file()), "acme", ingest, 0) == "1.2.3.4"
        another = BytesIO(dicom_file({"PatientID": "ANOTHER"}))
        with pytest.raises(HostError, match=r"refused with status [0-9A-F]{4}: "):
            await add_file(another, "acme", ingest, 0)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no DICM"),
        (dicom_file()[:140], "offset 132"),
        (dicom_file().replace(b"1.2.3.4\0", b"1.2.x.4\0", 1), "no SOP Instance UID"),
        (dicom_file().replace(b"1.2.3.4\0", b"1.2.3.5\0", 1), "refused with status A900"),
    ],
)
async def test_p06_what_is_no_sound_file_is_refused(content: bytes, why: str) -> None:
    async with Archive().taking_in() as ingest:
        with pytest.raises(HostError, match=why):
            await add_file(BytesIO(content), "acme", ingest, 0)


async def test_while_nothing_is_taken_in_it_is_refused() -> None:
    ingest = Ingest(MemoryStore(), MemoryRegister(), now_us=lambda: 0)
    with pytest.raises(HostError, match="refused with status A700: "):
        await add_file(BytesIO(dicom_file()), "acme", ingest, 0)


async def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (tmp_path / "file").open("rb") as file:
        pass
    async with Archive().taking_in() as ingest:
        with pytest.raises(HostError, match="closed file"):
            await add_file(file, "acme", ingest, 0)
