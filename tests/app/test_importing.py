import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.app.admin.errands import ErrandError
from pacsd.app.admin.unix_socket import AdminError
from pacsd.app.import_records import ImportProgress
from pacsd.app.importing import ImportErrand, paths_of
from pacsd.archive.ingest import Ingest
from pacsd.dicom.part10 import FileMeta, encode_file_meta
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set

EXPLICIT = "1.2.840.10008.1.2.1"


class Archive:
    """What is kept of several imports; `ingest` is the last one's."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.register = MemoryRegister()
        self.ingest = Ingest(self.store, self.register, now_us=lambda: 0)

    @asynccontextmanager
    async def taking_in(self) -> AsyncIterator[None]:
        self.ingest = Ingest(self.store, self.register, now_us=lambda: 0)
        started = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.ingest.run, started.set)
            await started.wait()
            yield
            tasks.cancel_scope.cancel()

    async def imported(self, *paths: Path) -> ImportProgress:
        async with self.taking_in():
            errand = ImportErrand(paths, self.ingest)
            await errand.run()
        return errand.report()


@pytest.fixture
def archive() -> Archive:
    return Archive()


def write(
    path: Path,
    number: int = 1,
    *,
    data: bytes | None = None,
    meta_uid: str | None = None,
    preamble: bytes = bytes(128),
    syntax_uid: str = EXPLICIT,
) -> Path:
    uid = f"1.2.3.{number}"
    data = data_set({"SOPInstanceUID": uid}) if data is None else data
    meta = FileMeta(CT_IMAGE_STORAGE, uid if meta_uid is None else meta_uid, syntax_uid, "1.2.3")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_file_meta(meta, preamble) + data)
    return path


async def test_a_folder_is_imported_and_left_as_it_is(archive: Archive, tmp_path: Path) -> None:
    files = [write(tmp_path / "deep" / str(number), number) for number in range(20)]
    (tmp_path / "readme").write_text("no DICOM")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
    progress = await archive.imported(tmp_path)
    assert (progress.outcomes, progress.refused, progress.skipped) == ({"stored": 20}, 0, 1)
    assert (progress.files, progress.gave_up) == (21, "")
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
    receptions = {each.reception.origin for each in archive.register.instances.values()}
    assert receptions == {"import"}


async def test_its_data_set_is_byte_for_byte_what_it_was(archive: Archive, tmp_path: Path) -> None:
    data = data_set({"SOPInstanceUID": "1.2.3.1"}, pixel_bytes=3_000_000)
    await archive.imported(write(tmp_path / "large", data=data))
    (stored,) = archive.store.objects.values()
    assert stored.endswith(data)


async def test_what_is_there_already_is_a_duplicate(archive: Archive, tmp_path: Path) -> None:
    write(tmp_path / "a", 1)
    write(tmp_path / "b", 1)
    assert (await archive.imported(tmp_path)).outcomes == {"stored": 1, "duplicate": 1}
    assert (await archive.imported(tmp_path)).outcomes == {"duplicate": 2}


async def test_conflicts_and_held_ones_are_told_apart(archive: Archive, tmp_path: Path) -> None:
    await archive.imported(write(tmp_path / "a"))
    other = data_set({"SOPInstanceUID": "1.2.3.1", "ImageComments": "another"})
    held = data_set({"SOPInstanceUID": "1.2.3.2", "PatientID": "ANOTHER"})
    progress = await archive.imported(
        write(tmp_path / "b", data=other), write(tmp_path / "c", 2, data=held)
    )
    assert progress.outcomes == {"conflict": 1, "held": 1}
    named = {Path(file.path).name: file.became for file in progress.set_aside_files}
    assert named == {"b": "conflict", "c": "held"}


async def test_a_bare_data_set_is_refused_by_name(archive: Archive, tmp_path: Path) -> None:
    path = tmp_path / "bare"
    path.write_bytes(data_set())
    progress = await archive.imported(tmp_path)
    assert progress.reasons == {"no File Meta Information (PS3.10 section 7.1)": 1}
    assert [file.path for file in progress.refused_files] == [str(path)]
    assert archive.store.objects == {}


async def test_another_instance_than_its_meta_says_is_refused(
    archive: Archive, tmp_path: Path
) -> None:
    progress = await archive.imported(write(tmp_path / "a", meta_uid="1.2.3.99"))
    assert progress.reasons == {"File Meta and data set name different UIDs": 1}
    [file] = progress.refused_files
    assert file.why == "SOPInstanceUID: File Meta says 1.2.3.99, data set says 1.2.3.1"


async def test_another_class_than_its_meta_says_is_refused(
    archive: Archive, tmp_path: Path
) -> None:
    data = data_set({"SOPInstanceUID": "1.2.3.1", "SOPClassUID": "1.2.3.4.5"})
    progress = await archive.imported(write(tmp_path / "a", data=data))
    [file] = progress.refused_files
    meta = "File Meta says 1.2.840.10008.5.1.4.1.1.2"
    assert file.why == f"SOPClassUID: {meta}, data set says 1.2.3.4.5"


async def test_a_meta_without_a_uid_is_refused(archive: Archive, tmp_path: Path) -> None:
    path = write(tmp_path / "a", meta_uid="1.2.3.4")
    path.write_bytes(path.read_bytes().replace(b"UI\x08\x001.2.3.4\0", b"UI\x08\x00no uid!\0"))
    assert (await archive.imported(path)).reasons == {
        "File Meta Information: no Media Storage SOP Instance UID": 1
    }


async def test_what_cannot_be_understood_is_refused_and_the_rest_goes_on(
    archive: Archive, tmp_path: Path
) -> None:
    bad = write(
        tmp_path / "a", data=data_set({"SOPInstanceUID": "1.2.3.1", "StudyInstanceUID": ""})
    )
    write(tmp_path / "b", 2)
    progress = await archive.imported(tmp_path)
    assert progress.outcomes == {"stored": 1}
    assert [file.path for file in progress.refused_files] == [str(bad)]
    assert [file.why for file in progress.refused_files] == ["No StudyInstanceUID (0020,000D)"]


async def test_d35_preambles_follow_the_policy(archive: Archive, tmp_path: Path) -> None:
    tiff, program = b"MM\0*".ljust(128, b"\1"), b"\x7fELF".ljust(128, b"\1")
    write(tmp_path / "a", 1, preamble=tiff)
    await archive.imported(tmp_path)
    await archive.imported(write(tmp_path / "b", 2, preamble=program))
    assert [each[:128] for each in archive.store.objects.values()] == [tiff, bytes(128)]
    assert archive.ingest.health().zeroed_preambles == 1


async def test_a_full_store_ends_it(archive: Archive, tmp_path: Path) -> None:
    for number in range(50):
        write(tmp_path / str(number), number)
    archive.store.errors["commit"] = StoreError(StoreFault.NO_SPACE, "test")
    progress = await archive.imported(tmp_path)
    assert progress.gave_up == "Not stored: no space left"
    assert progress.files < 50


async def test_a_file_gone_before_its_turn(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a")
    monkeypatch.setattr("pacsd.app.importing._open", raising(FileNotFoundError(2, "gone")))
    assert (await archive.imported(tmp_path)).reasons == {"gone": 1}


def raising(error: Exception) -> Callable[..., object]:
    def fails(*_: object) -> object:
        raise error

    return fails


async def test_what_the_daemon_cannot_see(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(ErrandError, match="No such file or directory"):
        await ImportErrand([tmp_path / "nowhere"], archive.ingest).run()


async def test_what_its_user_may_not_read(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ErrandError, match="who has to read it, may not"):
        await ImportErrand([tmp_path], archive.ingest).run()


async def test_cancelled_it_leaves_nothing_half_done(archive: Archive, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for number in range(30):
        write(tmp_path / str(number), number)
    async with archive.taking_in(), anyio.create_task_group() as tasks:
        errand = ImportErrand([tmp_path], archive.ingest)
        tasks.start_soon(errand.run)
        while not errand.report().files:
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert archive.ingest.health().open_objects == 0
    assert archive.store.staged == set()
    assert errand.report().skipped <= 1


async def test_it_says_how_many_files_there_are(archive: Archive, tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path / str(number), number)
    errand = ImportErrand([tmp_path], archive.ingest)
    await errand._count()
    assert errand.report().expected_files == 5


def test_paths_must_be_absolute() -> None:
    assert paths_of({"paths": ["/a", "/b/c"]}) == [Path("/a"), Path("/b/c")]
    for wrong in ("/a", [], [1], None):
        with pytest.raises(AdminError, match="paths must be a list of paths"):
            paths_of({"paths": wrong})
    with pytest.raises(AdminError, match="is no absolute path"):
        paths_of({"paths": ["a"]})
