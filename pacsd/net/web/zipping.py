"""Instances as a ZIP: a File-set with its DICOMDIR (PS3.12 annex V, PS3.18 section 8.6.1.3).

The DICOMDIR comes first. It is made before the answer begins, so that the length of the whole can
be told, and what hinders it, too. After it each file leaves as it is read.
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Protocol
from uuid import NAMESPACE_OID, uuid5

import anyio.to_thread
from aiohttp.web import StreamResponse

from pacsd.archive.file_sets import FileOfSet, laid_out
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Unreadable
from pacsd.dicom.errors import FileSetError
from pacsd.dicom.headers import Buffer
from pacsd.dicom.uid import uid_from_int
from pacsd.dicomweb.errors import TooLarge
from pacsd.dicomweb.headers import attachment
from pacsd.dicomweb.targets import Target
from pacsd.dicomweb.zip_writer import ZipWriter, zip_length
from pacsd.net.sending import OpenDataSet
from pacsd.net.web.exchange import Exchange, Unavailable
from pacsd.net.web.long_work import off_loop_if_many
from pacsd.net.web.part10 import file_of, preface
from pacsd.net.web.selection import Retrieves
from pacsd.net.web.tags import tag_of, tagged, unchanged
from pacsd.net.web.trail import Trail

ZIP = "application/zip"
DICOMDIR = "DICOMDIR"
PIECE_BYTES = 1024 * 1024
AT_ONCE = 8
"""ZIPs that are sent at once: each holds its DICOMDIR as long as its client reads."""


class MakesDirectories(Protocol):
    """Who makes DICOMDIRs; see `FileSets`."""

    async def directory(
        self, files: Sequence[FileOfSet], file_set_uid: str, alive: Callable[[], None]
    ) -> bytes:
        """The DICOMDIR of these files; `alive` is told as it grows.

        Raises:
            FileSetError: there are too many.
            FindError: the index cannot be read.
            OSError: a file cannot be read.
        """


class ZipDesk:
    """Sends ZIPs."""

    def __init__(self, retriever: Retrieves, directories: MakesDirectories, trail: Trail) -> None:
        self._retriever = retriever
        self._directories = directories
        self._trail = trail
        self._being_sent = 0

    async def answer(
        self, exchange: Exchange, instances: Sequence[Retrievable], of: Sequence[Retrievable]
    ) -> StreamResponse:
        """A ZIP of these instances, each as it is stored; with 206 if there are others `of` them.

        Raises:
            DicomWebError: there are more than fit.
            Unavailable: too many are being sent.
            FindError: the index cannot be read.
            OSError: one cannot be read; some may have left.
        """
        tag_of_all = partial(tag_of, exchange, instances, f"{ZIP} of {len(of)}")
        tag = await off_loop_if_many(tag_of_all, len(instances))
        not_modified = unchanged(exchange, tag)
        if not_modified is not None:
            return not_modified
        if self._being_sent >= AT_ONCE:
            raise Unavailable(f"{AT_ONCE} ZIPs are being sent already")
        self._being_sent += 1
        try:
            return await self._send(exchange, instances, of, tag)
        finally:
            self._being_sent -= 1

    async def _send(
        self,
        exchange: Exchange,
        instances: Sequence[Retrievable],
        of: Sequence[Retrievable],
        tag: str,
    ) -> StreamResponse:
        try:
            files = await anyio.to_thread.run_sync(laid_out, instances)
            directory = await self._directories.directory(files, _file_set_uid(tag), exchange.alive)
        except FileSetError as error:
            raise TooLarge("ZIP", None, f"would be {error}: ask for its series") from error
        zipped = Zipped(directory, files, self._opens(files))
        length = await anyio.to_thread.run_sync(zipped.length)
        await self._trail.retrieved(
            exchange, [exchange.target.study_instance_uid], f"{len(files)} instances in a ZIP"
        )
        return await exchange.send(
            zipped.pieces(),
            ZIP,
            length=length,
            status=200 if len(instances) == len(of) else HTTPStatus.PARTIAL_CONTENT,
            headers={**tagged(tag), "Content-Disposition": attachment(_name(exchange.target))},
        )

    def _opens(self, files: Sequence[FileOfSet]) -> Sequence[OpenDataSet]:
        return self._retriever.data_sets([file.instance for file in files])


def _file_set_uid(tag: str) -> str:
    """The UID of the File-set: the same as long as nothing in it changes, as its tag is."""
    return uid_from_int(uuid5(NAMESPACE_OID, f"File-set {tag}").int)


def _name(target: Target) -> str:
    uid = target.sop_instance_uid or target.series_instance_uid or target.study_instance_uid
    return f"{uid}.zip"


@dataclass(frozen=True, slots=True)
class Zipped:
    """A ZIP: its DICOMDIR, its files, and how the data set of each is read."""

    directory: bytes
    files: Sequence[FileOfSet]
    opens: Sequence[OpenDataSet]

    def length(self) -> int | None:
        """Its length, if no file may have another one than it has in the store."""
        if any(file.instance.is_corrected for file in self.files):
            return None
        directory = (DICOMDIR, len(self.directory))
        return zip_length([directory, *((_path(each), _size(each)) for each in self.files)])

    async def pieces(self) -> AsyncGenerator[Buffer, None]:
        """The ZIP, in pieces of 1 MiB at most, but for its own directory.

        Raises:
            OSError: an instance cannot be read, or is not what was said of it.
            DicomError: it cannot be corrected.
        """
        writer = ZipWriter()
        yield writer.begin(DICOMDIR, len(self.directory))
        for part in _divided(self.directory):
            writer.data(part)
            yield part
        for file, opened in zip(self.files, self.opens, strict=True):
            yield writer.end() + writer.begin(_path(file), _most(file))
            async with aclosing(_read(file, opened)) as pieces:
                async for piece in pieces:
                    writer.data(piece)
                    yield piece
        yield writer.end()
        yield await anyio.to_thread.run_sync(writer.closing)


def _divided(data: bytes) -> Iterator[memoryview]:
    view = memoryview(data)
    return (view[at : at + PIECE_BYTES] for at in range(0, len(view), PIECE_BYTES))


def _path(file: FileOfSet) -> str:
    return "/".join(file.file_id)


def _size(file: FileOfSet) -> int:
    """Its length, where nothing was corrected."""
    instance = file.instance
    return len(preface(instance, instance.transfer_syntax_uid)) + instance.data_set_bytes


def _most(file: FileOfSet) -> int:
    """More bytes than it can have: corrected, it is a little longer, or deflated less well."""
    return 2 * _size(file) + PIECE_BYTES if file.instance.is_corrected else _size(file)


async def _read(file: FileOfSet, opened: OpenDataSet) -> AsyncGenerator[Buffer, None]:
    """The file; Unreadable if another copy than the one that was told of has another length."""
    instance, most, passed = file.instance, _most(file), 0
    async with aclosing(file_of(instance, instance.transfer_syntax_uid, opened)) as pieces:
        async for piece in pieces:
            passed += len(piece)
            if passed > most:
                break
            yield piece
    if passed > most or (passed < most and not instance.is_corrected):
        raise Unreadable(f"{instance.sop_instance_uid}: its length is not {most}")
