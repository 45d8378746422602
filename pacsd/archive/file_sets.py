"""Instances as a File-set: which file each of them is, and the DICOMDIR (PS3.10 section 8).

The DICOMDIR is made of headers that the index keeps, with what was corrected of them, so that no
file is read for it but those of which the index left out what a directory record wants.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import anyio.to_thread

from pacsd.archive.finding import IndexUnavailable
from pacsd.archive.metadata_maker import ReadsCorrected
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.corrector import Corrector
from pacsd.dicom.data_set import DataSet, read_data_set, read_elements
from pacsd.dicom.dicomdir import FileID
from pacsd.dicom.dicomdir_writer import ReferencedFile
from pacsd.dicom.directory_keys import sources_of
from pacsd.dicom.directory_maker import DirectoryMaker, last_tag, wanted_of
from pacsd.dicom.directory_records import RecordType
from pacsd.dicom.errors import ScanError
from pacsd.dicom.file_ids import FileIDs
from pacsd.dicom.header_stream import HeaderStream, known_syntax
from pacsd.dicom.plain_corrector import NewValue
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.stored_header import decode_header, header_syntax
from pacsd.dicom.tag import Tag
from pacsd.index.errors import IndexFault

MAX_DIRECTORY_BYTES = 32 * 1024 * 1024
"""Of a DICOMDIR, which is held in memory: 100,000 slices of a CT."""

TOGETHER = 64
"""So many headers are looked up, and read, at once."""


@dataclass(frozen=True, slots=True)
class FileOfSet:
    """A file of a File-set, and the instance that is in it."""

    file_id: FileID
    instance: Retrievable


class KeepsHeaders(Protocol):
    """Who has headers; see `Index.headers`."""

    async def headers(self, instances: Sequence[int]) -> Mapping[int, bytes]:
        """The headers there are, by number of the instance.

        Raises:
            IndexFault: they cannot be read.
        """


def laid_out(instances: Sequence[Retrievable]) -> list[FileOfSet]:
    """The files of a File-set of instances, in the order of their names.

    Raises:
        FileSetError: there are more than can have names.
    """
    file_ids = FileIDs()
    files = [FileOfSet(_file_id(file_ids, each), each) for each in instances]
    return sorted(files, key=lambda file: file.file_id)


def _file_id(file_ids: FileIDs, instance: Retrievable) -> FileID:
    # Of a study all are of one patient: what names another one is held, and does not leave.
    study = instance.study_instance_uid
    return file_ids.file_id(
        instance.sop_class_uid, series=instance.series_instance_uid, study=study, patient=study
    )


@dataclass(frozen=True, slots=True)
class _Header:
    """What is known of a header: its bytes, how they are written, and what could not be read.

    `corrections` are what is still to be corrected in it.
    """

    raw: bytes
    syntax: TransferSyntax
    fault: str = ""
    corrections: tuple[NewValue, ...] = ()

    def read(self, kinds: Sequence[RecordType]) -> DataSet:
        """As much as records of these types have keys of; ScanError if it has no structure."""
        if self.fault:
            raise ScanError(self.fault)
        stop = last_tag(kinds) + 1
        wanted = frozenset().union(*map(sources_of, kinds))
        raw = self._corrected(wanted)
        if any(kind.has_sequences for kind in kinds):
            return read_data_set(raw, self.syntax, stop_before=stop)
        return read_elements(raw, self.syntax, wanted, stop_before=stop)

    def _corrected(self, wanted: AbstractSet[Tag]) -> bytes:
        """The bytes, corrected where that matters: of most images it does not, and takes long."""
        corrections = [each for each in self.corrections if each.tag in wanted]
        if not corrections:
            return self.raw
        corrector = Corrector(self.syntax, corrections)
        return b"".join([*corrector.feed(self.raw), *corrector.finish()])


class FileSets:
    """Makes DICOMDIRs of one archive; one thread at a time is busy with that."""

    def __init__(self, index: KeepsHeaders, retriever: ReadsCorrected) -> None:
        self._index = index
        self._retriever = retriever
        self._one_at_a_time = anyio.CapacityLimiter(1)

    async def directory(
        self, files: Sequence[FileOfSet], file_set_uid: str, alive: Callable[[], None]
    ) -> bytes:
        """The DICOMDIR of files in the order of their names; `alive` is told as it grows.

        What has no directory record is left out, what a record must have is made up, as for
        `pacsd export`.

        Raises:
            FileSetError: it becomes longer than MAX_DIRECTORY_BYTES.
            FindError: the index cannot be read.
            Unreadable: a file that has to be read cannot be.
        """
        maker = DirectoryMaker(MAX_DIRECTORY_BYTES)
        for at in range(0, len(files), TOGETHER):
            some = files[at : at + TOGETHER]
            headers = await self._headers([file.instance for file in some])
            await anyio.to_thread.run_sync(_add, maker, some, headers, limiter=self._one_at_a_time)
            alive()
        return await anyio.to_thread.run_sync(
            _joined, maker, file_set_uid, limiter=self._one_at_a_time
        )

    async def _headers(self, instances: Sequence[Retrievable]) -> list[_Header]:
        try:
            kept = await self._index.headers([each.number for each in instances])
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault
        read = await anyio.to_thread.run_sync(
            _all_kept, instances, kept, limiter=self._one_at_a_time
        )
        return [
            await self._from_file(each) if header is None else header
            for each, header in zip(instances, read, strict=True)
        ]

    async def _from_file(self, instance: Retrievable) -> _Header:
        """The header as it leaves."""
        stream = HeaderStream(known_syntax(instance.transfer_syntax_uid))
        async with aclosing(self._retriever.read(instance)) as pieces:
            async for piece in pieces:
                stream.feed(piece)
                if stream.is_over:
                    break
        stream.end()
        header = stream.header()
        fault = header.fault if header.is_broken else ""
        return _Header(header.raw, header_syntax(header.layout), fault)


def _all_kept(instances: Sequence[Retrievable], kept: Mapping[int, bytes]) -> list[_Header | None]:
    return [_kept(each, kept.get(each.number)) for each in instances]


def _kept(instance: Retrievable, header: bytes | None) -> _Header | None:
    """The header as the index keeps it; None if a file must be read instead."""
    if header is None:
        return None
    try:
        stored = decode_header(header)
        syntax = header_syntax(stored.layout)
        left_out = {place.tag for place in stored.elsewhere}
        if left_out & wanted_of(instance.sop_class_uid):
            return None
        return _Header(stored.raw, syntax, corrections=instance.corrections)
    except ScanError:
        return None


def _add(maker: DirectoryMaker, files: Sequence[FileOfSet], headers: Sequence[_Header]) -> None:
    for file, header in zip(files, headers, strict=True):
        instance = file.instance
        referenced = ReferencedFile(
            file.file_id,
            instance.sop_class_uid,
            instance.sop_instance_uid,
            instance.transfer_syntax_uid,
        )
        maker.add(referenced, header.read)


def _joined(maker: DirectoryMaker, file_set_uid: str) -> bytes:
    return b"".join(maker.encoded(file_set_uid))
