"""Objects in a store of files, and what became of them: held, disputed, deleted, restored."""

import hashlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pacsd_store_fs.disk import Disk
from pacsd_store_fs.root import open_root
from pacsd_store_fs.stage import FileStage
from pacsd_store_fs.store import FileStore

from pacsd.api.reception import Reception
from pacsd.api.store import Location, StageRequest
from pacsd.archive.corrections import CorrectionRequest
from pacsd.archive.curation import Curation
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.instance import InstanceRequest
from pacsd.archive.restoring import RestoringRegister
from pacsd.archive.stored_file import read_stored
from pacsd.dicom.level import Level
from pacsd.index.index import Index
from pacsd.index.records import Outcome
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.archive.small_archive import EXPLICIT, SCOPE, Clock

PATIENT_NAME, STUDY_DATE, SERIES_DESCRIPTION, INSTANCE_NUMBER, COMMENTS = (
    0x00100010, 0x00080020, 0x0008103E, 0x00200013, 0x00204000,
)  # fmt: skip
PER_STUDY = 100
GROUP = 100


class Sent(NamedTuple):
    """An object by its number; the 50th of a study names another patient than the others."""

    number: int
    comments: str = ""

    @property
    def uid(self) -> str:
        return f"1.3.{self.number}"

    def content(self) -> bytes:
        study = f"1.2.{self.number // PER_STUDY}"
        is_strange = self.number % PER_STUDY == PER_STUDY // 2
        return data_set(
            {
                "SOPInstanceUID": self.uid,
                "StudyInstanceUID": study,
                "SeriesInstanceUID": f"{study}.1",
                "PatientID": "SOMEBODY-ELSE" if is_strange else f"P{study}",
                "ImageComments": self.comments,
            }
        )


class Past:
    """Objects that are stored in groups, and what is decided about some of them."""

    def __init__(self, store: FileStore, index: Index) -> None:
        self._store = store
        self._index = index
        self._clock = Clock()
        self._chance = random.Random(7)
        self._curation = Curation(store, "store_fs", index, now_us=self._clock)
        self._register = RestoringRegister(index, self._curation)

    async def happen(self, count: int) -> None:
        """Of 100 instances one is held, four have other versions, five were deleted once.

        Five are corrected, with their series, study and patient; half of these before all that.
        """
        everything = [Sent(number) for number in range(count)]
        await self._send(everything)
        mistaken = self._chance.sample(everything, count // 20)
        await self._correct(mistaken[::2])
        disputed = self._chance.sample(everything, count // 25)
        await self._send([each._replace(comments="another version") for each in disputed])
        gone = self._chance.sample(everything, count // 20)
        uids = [each.uid for each in gone]
        assert await self._curation.delete(SCOPE, uids, "admin") == len(gone)
        await self._curation.restore(SCOPE, uids[::3], "admin")
        outcomes = await self._send(gone[1::3], restores=True)
        assert outcomes[Outcome.RESTORED] == len(gone[1::3])
        await self._settle()
        await self._correct(mistaken[1::2])

    async def _correct(self, mistaken: Sequence[Sent]) -> None:
        for sent in mistaken:
            number = sent.number
            study = f"1.2.{number // PER_STUDY}"
            for level, uid, values in (
                (Level.STUDY, study, {PATIENT_NAME: f"Müller^{number}", STUDY_DATE: "20260131"}),
                (Level.SERIES, f"{study}.1", {SERIES_DESCRIPTION: f"series {number}"}),
                (Level.INSTANCE, sent.uid, {INSTANCE_NUMBER: str(number), COMMENTS: ""}),
            ):
                asked = CorrectionRequest(level, uid, values, "admin", "a typing error")
                await self._curation.correct(SCOPE, asked)

    async def _settle(self) -> None:
        """Of four versions in quarantine one is released and one given up."""
        versions = await self._index.quarantine.page(SCOPE, limit=100_000)
        for each in versions[::4]:
            await self._curation.release(SCOPE, each.id, "admin")
        for each in versions[1::4]:
            await self._curation.discard(SCOPE, each.id, "admin")

    async def _send(self, objects: Sequence[Sent], *, restores: bool = False) -> Counter[Outcome]:
        outcomes: Counter[Outcome] = Counter()
        for start in range(0, len(objects), GROUP):
            stages = [await self._staged(each) for each in objects[start : start + GROUP]]
            files = [
                replace(await read_stored(self._store, location), restores_deleted=restores)
                for location in await self._store.commit(stages)
                if isinstance(location, Location)
            ]
            for file, verdict in zip(files, await self._register.add(files), strict=True):
                outcomes[verdict.outcome] += 1
                if not verdict.keeps_file:
                    await self._store.delete(file.copy.location)
        return outcomes

    async def _staged(self, sent: Sent) -> FileStage:
        reception = Reception(1, "CT1", "PACSD", "192.0.2.7", self._clock(), "dimse")
        request = InstanceRequest(CT_IMAGE_STORAGE, sent.uid, EXPLICIT, reception)
        digest = hashlib.sha256()
        staged = await self._store.stage(StageRequest(1, encode_preface(request), digest))
        await staged.write([sent.content()])
        return staged


@asynccontextmanager
async def file_store(folder: Path) -> AsyncIterator[FileStore]:
    disk = Disk()
    root = open_root(folder / "store", folder / "store_fs.json", disk)
    store = FileStore("store_fs", root, sync=False, disk=disk)
    try:
        yield store
    finally:
        await store.close()
