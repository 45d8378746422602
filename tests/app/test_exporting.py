"""The errand, with the real index."""

import errno
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import orjson
import pytest

from pacsd.app import exporting
from pacsd.app.admin.errands import ErrandError
from pacsd.app.export_folder import ExportedFile
from pacsd.app.export_records import ExportProgress, UncorrectedInstance
from pacsd.app.export_selection import Selection, request_of
from pacsd.app.exporting import ExportErrand
from pacsd.archive.access import Access
from pacsd.archive.finding import FindError, QueryLimits
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.errors import FileSetError, ScanError
from pacsd.dicom.file_ids import FileIDs
from pacsd.dicom.level import Level
from pacsd.dicom.part10 import decode_file_meta
from pacsd.dicom.tag import Tag
from pacsd.index.overlay_records import Correction
from pacsd.index.records import Copy, Scope
from tests.app.small_archive import SmallArchive, small_archive
from tests.archive.test_access import never, rows
from tests.dicom.written import EXPLICIT

COMMENTS: Tag = 0x00204000
DAMAGED = "damaged: its digest is another than when it was stored"


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    (tmp_path / "index").mkdir()
    async with small_archive(tmp_path / "index") as opened:
        yield opened


Left = list[tuple[str, Sequence[Tag]]]


def errand(
    archive: SmallArchive, folder: Path, *, left: Left | None = None, **arguments: Any
) -> ExportErrand:
    """The errand of somebody; `left` is told what left without a correction."""
    told: Left = [] if left is None else left

    def tell(instance: Retrievable, tags: Sequence[Tag]) -> None:
        told.append((instance.sop_instance_uid, tags))

    request = request_of({
        "folder": str(folder), "actor": "some\nbody", **(arguments or {"all": True}),
    })  # fmt: skip
    access = Access(archive.index, never)
    return ExportErrand(request, archive.selection, archive.retriever, access, tell)


async def correct(archive: SmallArchive, uid: str, value: str, tag: Tag = COMMENTS) -> None:
    [correctable] = await archive.index.overlays.correctable(Scope(), Level.INSTANCE, uid)
    correction = Correction(
        *(Level.INSTANCE, uid, tag, value, "test", "why", 1), correctable.sha256
    )
    await archive.index.overlays.correct(Scope(), [correction])


def corrected(folder: Path) -> dict[str, bool]:
    lines = (folder / "manifest.jsonl").read_bytes().splitlines()
    return {each["sop_instance_uid"]: each["is_corrected"] for each in map(orjson.loads, lines)}


async def exported(archive: SmallArchive, folder: Path, **arguments: Any) -> ExportProgress:
    tested = errand(archive, folder, **arguments)
    await tested.run()
    return tested.report()


def data_sets(folder: Path) -> dict[str, bytes]:
    """What the files hold, by the UID that the manifest says; each with the digest it says."""
    found = {}
    for line in (folder / "manifest.jsonl").read_bytes().splitlines():
        told = orjson.loads(line)
        content = (folder / told["file"]).read_bytes()
        data = content[decode_file_meta(content)[1] :]
        assert hashlib.sha256(data).hexdigest() == told["sha256"]
        found[told["sop_instance_uid"]] = data
    return found


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


async def test_data_sets_leave_byte_for_byte(archive: SmallArchive, tmp_path: Path) -> None:
    stored = {
        f"1.{number}": await archive.add(f"1.{number}", pixel_bytes=number * 100_000)
        for number in range(20)
    }
    progress = await exported(archive, tmp_path / "out")
    assert data_sets(tmp_path / "out") == stored
    assert (progress.expected, progress.exported, progress.studies) == (20, 20, 1)
    assert progress.data_set_bytes == sum(map(len, stored.values()))
    assert (progress.failed, progress.gave_up, progress.not_found) == (0, "", ())
    assert len(files(tmp_path / "out")) == 22


async def test_how_it_came_to_us_never_leaves(archive: SmallArchive, tmp_path: Path) -> None:
    await archive.add("1.1")
    assert all(b"192.0.2.7" in each for each in archive.store.objects.values())
    await exported(archive, tmp_path / "out")
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert b"CT1" not in path.read_bytes()
            assert b"192.0.2.7" not in path.read_bytes()


async def test_what_is_not_there_makes_no_folder(archive: SmallArchive, tmp_path: Path) -> None:
    await archive.add("1.1")
    progress = await exported(archive, tmp_path / "out", studies=["9.9"])
    assert (progress.expected, progress.exported) == (0, 0)
    assert progress.not_found == ("Study Instance UID 9.9",)
    assert not (tmp_path / "out").exists()


async def test_a_damaged_one_is_told_and_the_rest_goes_on(
    archive: SmallArchive, tmp_path: Path
) -> None:
    for number in range(5):
        await archive.add(f"1.{number}", pixel_bytes=10)
    archive.damage(2)
    archive.store.objects.pop(list(archive.store.objects)[4])
    progress = await exported(archive, tmp_path / "out")
    assert (progress.exported, progress.failed) == (3, 2)
    whys = {each.sop_instance_uid: each.why for each in progress.failures}
    assert whys["1.2"] == "damaged: its digest is another than when it was stored"
    assert set(whys) == {"1.2", "1.4"}
    assert set(data_sets(tmp_path / "out")) == {"1.0", "1.1", "1.3"}
    assert len(files(tmp_path / "out")) == 5


async def test_another_copy_takes_the_place_of_a_damaged_one(
    archive: SmallArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = await archive.add("1.1", pixel_bytes=10)
    good = archive.store.objects[next(iter(archive.store.objects))]
    archive.damage(0)
    tested = errand(archive, tmp_path / "out")
    whole = ExportErrand._write
    tried: list[Copy] = []

    async def mends(self: ExportErrand, wanted: exporting._Wanted, copy: Copy) -> Sequence[Tag]:
        if tried:
            archive.store.objects[copy.location.key] = good
        tried.append(copy)
        return await whole(self, wanted, copy)

    monkeypatch.setattr(ExportErrand, "_write", mends)
    [chosen] = [
        each
        for study in await archive.selection.studies(request_of({"folder": "/x", "all": True}))
        async for each in archive.selection.instances(study)
    ]
    copies = chosen.retrievable.copies * 2
    wanted = exporting._Wanted(("IM000001",), replace(chosen.retrievable, copies=copies))
    tested._folder.open()
    await tested._copy_out(wanted)
    tested._folder.close()
    assert data_sets(tmp_path / "out") == {"1.1": data}
    assert tested.report().failed == 0


async def test_what_was_corrected_leaves_corrected(archive: SmallArchive, tmp_path: Path) -> None:
    stored = {f"1.{number}": await archive.add(f"1.{number}") for number in range(3)}
    await correct(archive, "1.1", "new")
    progress = await exported(archive, tmp_path / "out")
    found = data_sets(tmp_path / "out")
    assert (progress.exported, progress.failed) == (3, 0)
    assert {uid for uid, data in found.items() if data != stored[uid]} == {"1.1"}
    assert read_data_set(found["1.1"], EXPLICIT).texts(COMMENTS) == ["new"]
    assert corrected(tmp_path / "out") == {"1.0": False, "1.1": True, "1.2": False}


async def test_what_says_the_value_already_leaves_byte_for_byte(
    archive: SmallArchive, tmp_path: Path
) -> None:
    stored = await archive.add("1.1", ImageComments="new")
    await correct(archive, "1.1", "new")
    await exported(archive, tmp_path / "out")
    assert data_sets(tmp_path / "out") == {"1.1": stored}
    assert corrected(tmp_path / "out") == {"1.1": False}


async def test_what_leaves_without_its_correction_is_named(
    archive: SmallArchive, tmp_path: Path
) -> None:
    await archive.add("1.1", SpecificCharacterSet="ISO_IR 999")
    await archive.add("1.2")
    for uid in ("1.1", "1.2"):
        await correct(archive, uid, "Ελένη")
    left: Left = []
    tested = errand(archive, tmp_path / "out", left=left)
    await tested.run()
    progress = tested.report()
    assert (progress.exported, progress.failed, progress.not_corrected) == (2, 0, 1)
    assert progress.uncorrected == (UncorrectedInstance("1.1", ("ImageComments",)),)
    assert left == [("1.1", (COMMENTS,))]
    assert corrected(tmp_path / "out") == {"1.1": False, "1.2": True}


async def test_what_is_corrected_is_read_once_and_was_stored_so(
    archive: SmallArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.add("1.1", pixel_bytes=1000)
    await correct(archive, "1.1", "new")
    whole, reads = archive.store.read, 0

    def counted(*arguments: Any) -> Any:
        nonlocal reads
        reads += 1
        return whole(*arguments)

    monkeypatch.setattr(archive.store, "read", counted)
    assert (await exported(archive, tmp_path / "out")).exported == 1
    assert reads == 1
    archive.damage(0)
    again = await exported(archive, tmp_path / "again")
    assert [each.why for each in again.failures] == [DAMAGED]
    assert files(tmp_path / "again") == ["SHA256SUMS", "manifest.jsonl"]


async def test_what_cannot_be_corrected_does_not_leave(
    archive: SmallArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.add("1.1")
    await correct(archive, "1.1", "new")

    def fails(*_: object) -> None:
        raise ScanError("the data set ends within an element")

    monkeypatch.setattr("pacsd.dicom.corrector.Corrector.feed", fails)
    [failed] = (await exported(archive, tmp_path / "out")).failures
    assert failed.why == (
        "it was corrected, but its data set cannot be read: the data set ends within an element"
    )


async def test_the_audit_trail_has_who_exported_which_studies(
    archive: SmallArchive, tmp_path: Path
) -> None:
    for number in range(3):
        await archive.add(f"1.{number}", StudyInstanceUID=f"2.{number}")
    await exported(archive, tmp_path / "out")
    archive.damage(1)
    await exported(archive, tmp_path / "again", studies=["2.0", "2.1"], actor="other")
    await exported(archive, tmp_path / "none", studies=["9.9"])
    assert [row for row in rows(tmp_path / "index") if row[1] == "export"] == [
        *(("some\\nbody", "export", "done", f"2.{each}", "3 of 3 instances") for each in range(3)),
        ("other", "export", "done in part", "2.0", "1 of 2 instances"),
    ]


async def test_a_cancelled_export_is_in_the_audit_trail(
    archive: SmallArchive, tmp_path: Path
) -> None:
    for number in range(100):
        await archive.add(f"1.{number}", pixel_bytes=1000)
    tested = errand(archive, tmp_path / "out")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tested.run)
        while not tested.report().exported:
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    [row] = (row for row in rows(tmp_path / "index") if row[1] == "export")
    assert row[2:] == ("done in part", "1.2.3", f"{tested.report().exported} of 100 instances")


async def test_a_full_disk_ends_it_with_whole_files_only(
    archive: SmallArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(100):
        await archive.add(f"1.{number}", pixel_bytes=1000)
    whole, calls = ExportedFile.write, 0

    def fills_up(self: ExportedFile, piece: bytes) -> None:
        nonlocal calls
        calls += 1
        whole(self, piece[: len(piece) // 2] if calls > 10 else piece)
        if calls > 10:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ExportedFile, "write", fills_up)
    progress = await exported(archive, tmp_path / "out")
    assert progress.gave_up == f"{tmp_path}/out: No space left on device"
    assert progress.failed == 0
    assert 0 < progress.exported < 30
    assert len(data_sets(tmp_path / "out")) == progress.exported
    assert len(files(tmp_path / "out")) == progress.exported + 2


async def test_cancelled_it_leaves_nothing_half_done(archive: SmallArchive, tmp_path: Path) -> None:
    for number in range(100):
        await archive.add(f"1.{number}", pixel_bytes=1000)
    tested = errand(archive, tmp_path / "out")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tested.run)
        while not tested.report().exported:
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    left = files(tmp_path / "out")
    assert len(left) == tested.report().exported + 2 < 102
    assert len(data_sets(tmp_path / "out")) == tested.report().exported
    assert not [name for name in left if name.endswith(".part")]


async def test_a_folder_that_will_not_do(archive: SmallArchive, tmp_path: Path) -> None:
    with pytest.raises(ErrandError, match="is not empty"):
        await exported(archive, tmp_path)


async def test_an_index_that_cannot_say(archive: SmallArchive, tmp_path: Path) -> None:
    for number in range(3):
        await archive.add(f"1.{number}", StudyInstanceUID=f"2.{number}")
    archive.limits = QueryLimits(max_results=2)
    with pytest.raises(ErrandError, match="more than 2 matches"):
        await exported(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


async def test_patients_are_kept_apart_where_a_patient_id_does_not_say_that_they_are_one(
    archive: SmallArchive, tmp_path: Path
) -> None:
    patients = [("P", ""), ("P", "X"), ("P", ""), ("", ""), ("", "")]
    for number, (patient, issuer) in enumerate(patients):
        await archive.add(
            f"1.{number}",
            PatientID=patient,
            IssuerOfPatientID=issuer,
            StudyInstanceUID=f"2.{number}",
            SeriesInstanceUID=f"2.{number}.1",
        )
    await exported(archive, tmp_path / "out")
    lines = (tmp_path / "out/manifest.jsonl").read_bytes().splitlines()
    folder_of = {told["sop_instance_uid"]: told["file"] for told in map(orjson.loads, lines)}
    folders = [folder_of[f"1.{number}"].split("/")[1] for number in range(len(patients))]
    assert folders[0] == folders[2]
    assert len({*folders}) == len(patients) - 1


@pytest.mark.parametrize("error", [FindError("the index failed"), FileSetError("no number left")])
async def test_what_goes_wrong_on_the_way_ends_it(
    archive: SmallArchive, tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.add("1.1")

    def fails(*_: object, **__: object) -> None:
        raise error

    patched = Selection if isinstance(error, FindError) else FileIDs
    monkeypatch.setattr(patched, "_page" if patched is Selection else "file_id", fails)
    progress = await exported(archive, tmp_path / "out")
    assert progress.gave_up == str(error)


async def test_what_cannot_be_made_durable_is_told(
    archive: SmallArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.add("1.1")

    def fails(_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("pacsd.app.export_folder.fsync_folder", fails)
    assert (await exported(archive, tmp_path / "out")).gave_up.endswith("Input/output error")
