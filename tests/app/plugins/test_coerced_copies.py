from collections.abc import AsyncIterator
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
from tests.app.plugins.coercing import Coercing, renamed
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
    return CopyMaker(hooks_of(*plugins).coercion, lambda: stored)


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
    assert made.size_bytes == len(renamed("2.25.3"))
    assert data == renamed("2.25.3")[decode_file_meta(renamed("2.25.3"))[1] :]


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
