"""Files copied into the archive through ingest; the originals are read and left as they are."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from pwd import getpwuid
from typing import BinaryIO, Self

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from pacsd.api.reception import DEFAULT_PARTITION, Reception
from pacsd.app.admin.errands import ErrandError
from pacsd.app.admin.unix_socket import AdminError
from pacsd.app.clock import utc_us
from pacsd.app.dicom_files import (
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    DicomFile,
    Found,
    Skipped,
    count_files,
    find,
)
from pacsd.app.import_records import ImportProgress, ImportTally
from pacsd.archive.ingest import Ingest, InstanceRequest
from pacsd.archive.instance import IngestOutcome
from pacsd.archive.intake import Intake
from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.errors import Part10Error
from pacsd.dicom.part10 import PREAMBLE_LENGTH_BYTES, FileMeta, decode_file_meta
from pacsd.dicom.status import Status
from pacsd.dicom.uid import is_acceptable_uid

ORIGIN = "import"
MISMATCH = "File Meta and data set name different UIDs"
FILES_AT_ONCE = 16
_LOOKED_AT_TOGETHER = 50
_FIRST_BYTES = 64 * 1024
_PIECE_BYTES = 512 * 1024
_TAG_BYTES = 4


def paths_of(arguments: Mapping[str, object]) -> list[Path]:
    """The files and folders that a command names.

    Raises:
        AdminError: it names none, or not so that everybody knows which.
    """
    named = arguments.get("paths")
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named) or not named:
        raise AdminError("paths must be a list of paths")
    paths = [Path(each) for each in named]
    for path in paths:
        if not path.is_absolute():
            raise AdminError(f"{path} is no absolute path")
    return paths


class ImportErrand:
    """Takes in all instances in these files and folders, a few at once; see `dicom_files.find`."""

    def __init__(self, paths: Sequence[Path], ingest: Ingest) -> None:
        self._paths = paths
        self._ingest = ingest
        self._tally = ImportTally()

    async def run(self) -> None:
        """Import everything, until the store takes no more.

        Raises:
            ErrandError: one of the paths cannot be read, nothing was imported.
        """
        await to_thread.run_sync(_check_readable, self._paths)
        give, take = anyio.create_memory_object_stream[Found](0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._count, name="import: count files")
            async with anyio.create_task_group() as workers:
                workers.start_soon(self._find, give, name="import: find files")
                for _ in range(FILES_AT_ONCE):
                    workers.start_soon(
                        self._work, take.clone(), workers.cancel_scope, name="import: a file"
                    )
                take.close()
            tasks.cancel_scope.cancel()

    def report(self) -> ImportProgress:
        """How far it is."""
        return self._tally.progress()

    async def _count(self) -> None:
        count = await to_thread.run_sync(count_files, self._paths, abandon_on_cancel=True)
        self._tally.expected_files = count

    async def _find(self, give: MemoryObjectSendStream[Found]) -> None:
        files = find(self._paths)
        async with give:
            while group := await to_thread.run_sync(_some, files):
                for found in group:
                    await give.send(found)

    async def _work(
        self, take: MemoryObjectReceiveStream[Found], all_of_it: anyio.CancelScope
    ) -> None:
        async with take:
            async for found in take:
                await self._take_in(found)
                if self._tally.gave_up:
                    all_of_it.cancel()

    async def _take_in(self, found: Found) -> None:
        if isinstance(found, Skipped):
            self._tally.skipped += 1
        elif not isinstance(found, DicomFile):
            self._tally.refuse(found.path, found.why)
        else:
            await self._take_in_file(found)

    async def _take_in_file(self, found: DicomFile) -> None:
        try:
            file = await to_thread.run_sync(_open, found)
            outcome = await self._store(found, file)
        except (OSError, Part10Error) as error:
            why = getattr(error, "strerror", None) or str(error)
            self._tally.refuse(found.path, why)
            return
        if outcome.status == Status.OUT_OF_RESOURCES:
            self._tally.gave_up = outcome.comment
        mismatch = _mismatch(found, file.meta, outcome)
        if mismatch:
            self._tally.refuse(found.path, mismatch, MISMATCH)
        else:
            self._tally.add(found.path, outcome)

    async def _store(self, found: DicomFile, file: "_OpenFile") -> IngestOutcome:
        with file:
            intake = self._ingest.begin(file.request(found))
            try:
                piece = file.first
                while piece:
                    intake.write(piece)
                    await _until_drained(intake)
                    piece = b"" if file.is_read else await to_thread.run_sync(file.read)
                return await intake.finish()
            finally:
                await intake.abort("the import ended")


@dataclass(slots=True)
class _OpenFile:
    """A file that is being read: its head, and the first bytes of its data set."""

    file: BinaryIO
    preamble: bytes
    meta: FileMeta
    first: bytes
    is_read: bool

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def read(self) -> bytes:
        """More of the data set, b"" at its end; blocks."""
        return self.file.read(_PIECE_BYTES)

    def request(self, found: DicomFile) -> InstanceRequest:
        """The instance as its File Meta Information names it, as a command would."""
        return InstanceRequest(
            sop_class_uid=self.meta.media_storage_sop_class_uid,
            sop_instance_uid=self.meta.media_storage_sop_instance_uid,
            transfer_syntax_uid=found.transfer_syntax_uid,
            reception=Reception(DEFAULT_PARTITION, "", "", "", utc_us(), ORIGIN),
            preamble=self.preamble,
        )


def _open(found: DicomFile) -> _OpenFile:
    """Open a file to read; blocks.

    Raises:
        OSError: it cannot be read.
        Part10Error: it has no File Meta Information of use.
    """
    if not found.data_set_offset:
        raise Part10Error("no File Meta Information (PS3.10 section 7.1)")
    file = found.path.open("rb")
    try:
        head_bytes = found.data_set_offset + _TAG_BYTES
        head = file.read(head_bytes + _FIRST_BYTES)
        meta, offset = decode_file_meta(head[:head_bytes])
        _check_uid("SOP Class", meta.media_storage_sop_class_uid)
        _check_uid("SOP Instance", meta.media_storage_sop_instance_uid)
    except BaseException:
        file.close()
        raise
    is_read = len(head) < head_bytes + _FIRST_BYTES
    if is_read:
        file.close()
    return _OpenFile(file, head[:PREAMBLE_LENGTH_BYTES], meta, head[offset:], is_read)


def _mismatch(found: DicomFile, meta: FileMeta, outcome: IngestOutcome) -> str:
    """In which UID a file contradicts itself, if it was refused for that; '' if that is unknown."""
    pairs = {
        SOP_CLASS_UID: (meta.media_storage_sop_class_uid, found.sop_class_uid),
        SOP_INSTANCE_UID: (meta.media_storage_sop_instance_uid, found.sop_instance_uid),
    }
    if outcome.status == Status.DATA_SET_MISMATCH:
        for tag in outcome.offending:
            in_meta, in_data_set = pairs.get(tag, ("", ""))
            if in_meta != in_data_set:
                return f"{keyword_of(tag)}: File Meta says {in_meta}, data set says {in_data_set}"
    return ""


def _check_uid(name: str, uid: str) -> None:
    if not is_acceptable_uid(uid):
        raise Part10Error(f"File Meta Information: no Media Storage {name} UID")


async def _until_drained(intake: Intake) -> None:
    while intake.is_congested:
        drained = anyio.Event()
        intake.on_drained = drained.set
        await drained.wait()


def _some(files: Iterator[Found]) -> list[Found]:
    return list(islice(files, _LOOKED_AT_TOGETHER))


def _check_readable(paths: Sequence[Path]) -> None:
    """See to it that we, the daemon perhaps, may read what somebody else has named; blocks."""
    for path in paths:
        try:
            is_folder = stat.S_ISDIR(path.stat().st_mode)
        except OSError as error:
            raise ErrandError(f"{path}: {error.strerror}{_HINT}") from None
        if not os.access(path, os.R_OK | (os.X_OK if is_folder else 0)):
            user = getpwuid(os.geteuid()).pw_name
            raise ErrandError(f"{path}: user {user}, who has to read it, may not")


_HINT = " (a daemon under systemd does not see /home, /root and /tmp)"
