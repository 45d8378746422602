"""Instances copied out of the archive into a folder, as DICOM files.

Their data sets leave byte for byte as they were stored, but for what was corrected.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from hashlib import sha256

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from pacsd.app.admin.errands import ErrandError
from pacsd.app.export_folder import (
    AnotherDataSet,
    ExportedFile,
    ExportFolder,
    FolderError,
    meta_of,
)
from pacsd.app.export_records import ExportProgress, ExportTally
from pacsd.app.export_selection import ChosenStudy, ExportRequest, Selection
from pacsd.archive.access import Access, Retrieved
from pacsd.archive.corrected_reading import CorrectedReading
from pacsd.archive.finding import FindError
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import NotCorrected, Retriever, Unreadable
from pacsd.dicom.dicomdir import FileID
from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.errors import DicomError, FileSetError
from pacsd.dicom.file_ids import FileIDs
from pacsd.dicom.tag import Tag, format_tag
from pacsd.index.records import Copy, StoredInstance

FILES_AT_ONCE = 8
"""Of which each takes memory for a piece of a data set, up to 1 MiB."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file to be written."""

    file_id: FileID
    instance: Retrievable


class ExportErrand:
    """Copies what a request names into its folder, a few files at once; the audit trail has it.

    `not_corrected` is told of an object that leaves without some of what was corrected of it.
    """

    def __init__(
        self,
        request: ExportRequest,
        selection: Selection,
        retriever: Retriever,
        access: Access,
        not_corrected: NotCorrected,
    ) -> None:
        self._request = request
        self._selection = selection
        self._retriever = retriever
        self._access = access
        self._not_corrected = not_corrected
        self._folder = ExportFolder(request.folder)
        self._file_ids = FileIDs()
        self._tally = ExportTally()
        self._chosen: Sequence[ChosenStudy] = ()
        self._left: set[str] = set()

    async def run(self) -> None:
        """Export everything, until the folder takes no more. Without anything no folder is made.

        Raises:
            ErrandError: the folder will not do, or the index cannot be read; nothing was exported.
        """
        try:
            await to_thread.run_sync(self._folder.check)
            self._tally.not_found = tuple(await self._selection.not_found(self._request))
            studies = await self._selection.studies(self._request)
            self._chosen = studies
            self._tally.studies = len(studies)
            self._tally.expected = sum(study.instances for study in studies)
            if studies:
                await to_thread.run_sync(self._folder.open)
                await self._export(studies)
        except (FindError, FolderError) as error:
            raise ErrandError(str(error)) from None

    def report(self) -> ExportProgress:
        """How far it is."""
        return self._tally.progress()

    async def _export(self, studies: Sequence[ChosenStudy]) -> None:
        give, take = anyio.create_memory_object_stream[_Wanted](0)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._select, studies, give, name="export: find instances")
                for _ in range(FILES_AT_ONCE):
                    tasks.start_soon(
                        self._work, take.clone(), tasks.cancel_scope, name="export: a file"
                    )
                take.close()
        finally:
            with anyio.CancelScope(shield=True):
                await self._close()

    async def _close(self) -> None:
        try:
            await to_thread.run_sync(self._folder.close)
        except OSError as error:
            self._give_up(error)
        await self._note()

    async def _select(
        self, studies: Sequence[ChosenStudy], give: MemoryObjectSendStream[_Wanted]
    ) -> None:
        async with give:
            try:
                for study in studies:
                    async with aclosing(self._selection.instances(study)) as chosen:
                        async for each in chosen:
                            file_id = self._file_id(each.stored)
                            await give.send(_Wanted(file_id, each.retrievable))
            except (FindError, FileSetError) as error:
                self._tally.gave_up = str(error)

    def _file_id(self, stored: StoredInstance) -> FileID:
        study = stored.study_instance_uid
        # A Patient ID that another issuer gave, or that is empty, may be another patient's.
        patient = (stored.patient_id, stored.issuer_of_patient_id) if stored.patient_id else study
        series = stored.series_instance_uid
        return self._file_ids.file_id(
            stored.sop_class_uid, series=series, study=study, patient=patient
        )

    async def _work(
        self, take: MemoryObjectReceiveStream[_Wanted], all_of_it: anyio.CancelScope
    ) -> None:
        async with take:
            async for wanted in take:
                try:
                    await self._copy_out(wanted)
                except OSError as error:
                    self._give_up(error)
                    all_of_it.cancel()

    async def _copy_out(self, wanted: _Wanted) -> None:
        """Write an instance from the first of its copies that is as it was stored.

        Raises:
            OSError: the folder takes no more.
        """
        instance, why = wanted.instance, "no copy"
        for copy in instance.copies:
            try:
                left = await self._write(wanted, copy)
            except (AnotherDataSet, Unreadable) as error:
                why = str(error)
                continue
            self._left.add(instance.study_instance_uid)
            if left:
                self._tell_left(instance, left)
            return
        self._tally.fail(instance.sop_instance_uid, why)

    async def _write(self, wanted: _Wanted, copy: Copy) -> Sequence[Tag]:
        """Write a copy: the attributes that could not be corrected in it."""
        instance = replace(wanted.instance, copies=(copy,))
        meta = meta_of(
            instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid
        )
        file = ExportedFile(self._folder, wanted.file_id, instance.study_instance_uid, meta)
        correcting = _Correcting(instance) if instance.is_corrected else None
        as_stored = replace(instance, corrections=())
        try:
            async with aclosing(self._retriever.read(as_stored)) as stored:
                await _fill(file, correcting.pieces(stored) if correcting else stored)
            read_sha256 = correcting.read_sha256 if correcting else None
            self._tally.add(await to_thread.run_sync(file.keep, copy.sha256, read_sha256))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(file.discard)
            raise
        return correcting.left if correcting else ()

    def _tell_left(self, instance: Retrievable, tags: Sequence[Tag]) -> None:
        names = tuple(keyword_of(tag) or format_tag(tag) for tag in tags)
        self._tally.leave_uncorrected(instance.sop_instance_uid, names)
        self._not_corrected(instance, tags)

    async def _note(self) -> None:
        """Keep in the audit trail what has left."""
        if not self._left:
            return
        tally = self._tally
        chosen = (study.study_instance_uid for study in self._chosen)
        await self._access.note(
            Retrieved(
                actor=self._request.actor,
                peer_address="",
                action="export",
                outcome=tally.outcome,
                studies=tuple(uid for uid in chosen if uid in self._left),
                detail=f"{tally.exported} of {tally.expected} instances",
            )
        )

    def _give_up(self, error: OSError) -> None:
        why = error.strerror or str(error)
        self._tally.gave_up = self._tally.gave_up or f"{self._request.folder}: {why}"


async def _fill(file: ExportedFile, pieces: AsyncGenerator[bytes, None]) -> None:
    async with aclosing(pieces):
        async for piece in pieces:
            await to_thread.run_sync(file.write, piece)


class _Correcting:
    """The stored bytes of one copy on their way, corrected; `left` is what could not be."""

    def __init__(self, instance: Retrievable) -> None:
        self.left: Sequence[Tag] = ()
        self._instance = instance
        self._digest = sha256()

    @property
    def read_sha256(self) -> bytes:
        """The digest of what was read."""
        return self._digest.digest()

    async def pieces(self, stored: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """What they become; Unreadable if they cannot be corrected."""
        instance = self._instance
        try:
            reading = CorrectedReading(instance.transfer_syntax_uid, instance.corrections)
            async with (
                aclosing(self._digested(stored)) as read,
                aclosing(reading.pieces(read)) as pieces,
            ):
                async for piece in pieces:
                    yield piece
        except DicomError as error:
            why = f"it was corrected, but its data set cannot be read: {error}"
            raise Unreadable(why) from None
        self.left = reading.left

    async def _digested(self, stored: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async for piece in stored:
            await to_thread.run_sync(self._digest.update, piece)
            yield piece
