from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from pacsd.api.coercion import NotCoerced
from pacsd.api.errors import NotProvided
from pacsd.api.host import HostError
from pacsd.api.instances import InstanceFacts
from pacsd.app.plugins.coerced_copies import CopyMaker
from pacsd.app.plugins.copy_place import CopyPlace
from pacsd.app.plugins.stored_instances import StoredInstances
from pacsd.dicom.level import Level
from pacsd.dicom.part10 import FileMeta, decode_file_meta, encode_file_meta
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set, dicom_file
from tests.api.hookspecs.hooks_of import hooks_of
from tests.app.plugins.coercing import GUARD, Coercing, marked, renamed
from tests.app.small_archive import SmallArchive, small_archive
from tests.archive.test_retrieval import corrected

UID = "1.2.3.7"


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as made:
        await made.add(UID)
        yield made


def maker(
    archive: SmallArchive, folder: Path, *plugins: object, min_free_bytes: int = 0
) -> CopyMaker:
    stored = StoredInstances(archive.store, archive.index, CopyPlace(folder, min_free_bytes))
    return CopyMaker(hooks_of(*plugins).coercion, lambda: stored, GUARD)


async def facts(archive: SmallArchive, folder: Path) -> InstanceFacts:
    stored = StoredInstances(archive.store, archive.index, CopyPlace(folder))
    [found] = await stored.of_study("1.2.3", "", "")
    return found


async def copied(tested: CopyMaker, original: InstanceFacts) -> tuple[InstanceFacts, bytes]:
    async with tested.copy("research", original) as copy:
        return copy.facts, b"".join([piece async for piece in copy.pieces()])


async def test_a_copy_is_made_of_what_would_leave(archive: SmallArchive, tmp_path: Path) -> None:
    await corrected(archive.index, "1.2.3", 0x00100010, "New^Name", Level.STUDY)
    plugin = Coercing(renamed("2.25.3"))
    made, data = await copied(maker(archive, tmp_path, plugin), await facts(archive, tmp_path))
    assert b"New^Name" in plugin.given[0]
    assert decode_file_meta(plugin.given[0])[0].source_ae_title == ""
    assert (made.sop_instance_uid, made.series_instance_uid) == ("2.25.3", "2.25.2")
    assert made.study_instance_uid == "2.25.1"
    left = marked(renamed("2.25.3"))
    assert made.size_bytes == len(left)
    assert data == left[decode_file_meta(left)[1] :]


def meta(sop_class: str = CT_IMAGE_STORAGE, syntax: str = EXPLICIT_VR_LITTLE_ENDIAN) -> bytes:
    return encode_file_meta(FileMeta(sop_class, "1.2.3.4", syntax, "1.2"))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"", "wrote no DICOM file"),
        (meta(syntax=IMPLICIT_VR_LITTLE_ENDIAN) + data_set(), "another Transfer Syntax"),
        (dicom_file({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4"}), "another SOP Class"),
        (meta() + data_set({"SOPInstanceUID": "1.2.9"}), "whose header names another object"),
        (meta() + data_set() + b"x", "bytes"),
        (dicom_file({"StudyInstanceUID": ""}), r"no UID as \(0020,000D\)"),
        (dicom_file({"SeriesInstanceUID": "x"}), r"no UID as \(0020,000E\)"),
    ],
)
async def test_what_is_no_copy_does_not_leave(
    archive: SmallArchive, tmp_path: Path, written: bytes, said: str
) -> None:
    tested = maker(archive, tmp_path, Coercing(written))
    with pytest.raises(NotCoerced, match=said):
        await copied(tested, await facts(archive, tmp_path))


async def test_who_cannot_now_may_later(archive: SmallArchive, tmp_path: Path) -> None:
    original = await facts(archive, tmp_path)
    with pytest.raises(HostError, match="nearly full"):
        await copied(maker(archive, tmp_path, Coercing(), min_free_bytes=2**62), original)
    with pytest.raises(NotProvided):
        await maker(archive, tmp_path).check("research")
    await maker(archive, tmp_path, Coercing()).check("research")
    failing = Coercing()
    failing.failed = b"Test^Object"
    with pytest.raises(OSError, match="no key now"):
        await copied(maker(archive, tmp_path, failing), original)


async def test_d44_no_coercion_copies_what_it_has_copied(
    archive: SmallArchive, tmp_path: Path
) -> None:
    plugin = Coercing(renamed("2.25.3"))
    tested = maker(archive, tmp_path, plugin)
    _, once = await copied(tested, await facts(archive, tmp_path))
    assert (await copied(tested, await facts(archive, tmp_path)))[1] == once
    await archive.add_data(once, "2.25.3", CT_IMAGE_STORAGE)
    [back] = await study_of_copies(archive, tmp_path)
    plugin.given.clear()
    with pytest.raises(NotCoerced, match="coerced by research here before: a loop"):
        await copied(tested, back)
    assert plugin.given == []


async def study_of_copies(archive: SmallArchive, folder: Path) -> Sequence[InstanceFacts]:
    stored = StoredInstances(archive.store, archive.index, CopyPlace(folder))
    return await stored.of_study("2.25.1", "", "")


async def test_d44_the_marks_of_others_stay_whatever_a_coercion_leaves(
    archive: SmallArchive, tmp_path: Path
) -> None:
    before = marked(renamed("2.25.3"), "2.25.77")
    data = before[decode_file_meta(before)[1] :]
    await archive.add_data(data, "2.25.3", CT_IMAGE_STORAGE)
    [original] = await study_of_copies(archive, tmp_path)
    tested = maker(archive, tmp_path, Coercing(renamed("2.25.4")))
    _, made = await copied(tested, original)
    left = marked(renamed("2.25.4"), "2.25.77", GUARD.mark("research"))
    assert made == left[decode_file_meta(left)[1] :]


async def test_a_copy_that_is_the_same_instance_has_no_mark(
    archive: SmallArchive, tmp_path: Path
) -> None:
    written = renamed(UID)
    tested = maker(archive, tmp_path, Coercing(written))
    made, data = await copied(tested, await facts(archive, tmp_path))
    assert made.size_bytes == len(written)
    assert data == written[decode_file_meta(written)[1] :]
