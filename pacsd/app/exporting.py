"""Instances copied out of the archive into a folder, as DICOM files.

Their data sets leave byte for byte as they were stored, but for what was corrected.
"""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from hashlib import sha256

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from pacsd.app.admin.errands import ErrandError
from pacsd.app.export_folder import (
    DAMAGED,
    AnotherDataSet,
    ExportedFile,
    ExportFolder,
    FolderError,
    meta_of,
)
from pacsd.app.export_records import ExportProgress, ExportTally
from pacsd.app.export_selection import ChosenStudy, ExportRequest, Selection
from pacsd.app.file_ids import FileIDs, TooManyNames
from pacsd.archive.finding import FindError
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Retriever, Unreadable
from pacsd.dicom.dicomdir import FileID
from pacsd.index.records import Copy

FILES_AT_ONCE = 8
"""Of which each takes memory for a piece of a data set, up to 1 MiB."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file to be written."""

    file_id: FileID
    instance: Retrievable


class ExportErrand:
    """Copies what a request names into its folder, a few files at once."""

    def __init__(self, request: ExportRequest, selection: Selection, retriever: Retriever) -> None:
        self._request = request
        self._selection = selection
        self._retriever = retriever
        self._folder = ExportFolder(request.folder)
        self._file_ids = FileIDs()
        self._tally = ExportTally()

    async def run(self) -> None:
        """Export everything, until the folder takes no more. Without anything no folder is made.

        Raises:
            ErrandError: the folder will not do, or the index cannot be read; nothing was exported.
        """
        try:
            await to_thread.run_sync(self._folder.check)
            self._tally.not_found = tuple(await self._selection.not_found(self._request))
            studies = await self._selection.studies(self._request)
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

    async def _select(
        self, studies: Sequence[ChosenStudy], give: MemoryObjectSendStream[_Wanted]
    ) -> None:
        async with give:
            try:
                for study in studies:
                    async with aclosing(self._selection.instances(study)) as chosen:
                        async for each in chosen:
                            file_id = self._file_ids.file_id(each.stored)
                            await give.send(_Wanted(file_id, each.retrievable))
            except (FindError, TooManyNames) as error:
                self._tally.gave_up = str(error)

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
        why = "no copy"
        for copy in wanted.instance.copies:
            try:
                self._tally.add(await self._write(wanted, copy))
            except (AnotherDataSet, Unreadable) as error:
                why = str(error)
            else:
                return
        self._tally.fail(wanted.instance.sop_instance_uid, why)

    async def _write(self, wanted: _Wanted, copy: Copy) -> int:
        instance = replace(wanted.instance, copies=(copy,))
        if instance.is_corrected:
            await self._check_stored(instance, copy)
        meta = meta_of(
            instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid
        )
        file = ExportedFile(self._folder, wanted.file_id, instance.study_instance_uid, meta)
        try:
            async with aclosing(self._retriever.read(instance)) as pieces:
                async for piece in pieces:
                    await to_thread.run_sync(file.write, piece)
            expected = None if instance.is_corrected else copy.sha256
            return await to_thread.run_sync(file.keep, expected)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(file.discard)
            raise

    async def _check_stored(self, instance: Retrievable, copy: Copy) -> None:
        """See to it that what will be corrected is what was stored; AnotherDataSet if not."""
        digest = sha256()
        async with aclosing(self._retriever.read(replace(instance, corrections=()))) as pieces:
            async for piece in pieces:
                await to_thread.run_sync(digest.update, piece)
        if digest.digest() != copy.sha256:
            raise AnotherDataSet(DAMAGED)

    def _give_up(self, error: OSError) -> None:
        why = error.strerror or str(error)
        self._tally.gave_up = self._tally.gave_up or f"{self._request.folder}: {why}"
