"""DICOM files that a DICOMweb server gives us, written into a folder as they came.

See `part_file` for where they lie. What their File Meta Information says of them has to be true.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from anyio import CancelScope, to_thread

from pacsd.app.file_receiving import Received
from pacsd.app.part_file import AnotherObject, PartFile
from pacsd.dicom.errors import Part10Error
from pacsd.dicom.file_head import FileHead, WholeHead
from pacsd.dicom.header_stream import DataSetHeader, HeaderStream, known_syntax
from pacsd.dicom.part10 import FileMeta
from pacsd.dicom.tag import Tag
from pacsd.dicom.text import printable
from pacsd.dicom.uid import decode_uid, is_acceptable_uid
from pacsd.dicomweb.targets import Target
from pacsd.net.web_client.retrieving import PartSink

WRITTEN_AT_ONCE_BYTES = 1 << 20

_SOP_INSTANCE_UID: Tag = 0x00080018
_STUDY_INSTANCE_UID: Tag = 0x0020000D


class WrongFile(Exception):
    """What came is no DICOM file, or not one that was asked for."""


@dataclass(slots=True)
class WebFileReceiver:
    """Writes what comes of one resource; see the module.

    Of what cannot be written `failed` is told: the SOP Instance UID, and why.
    """

    folder: Path
    target: Target
    failed: Callable[[str, str], None]
    advance: Callable[[], None]
    received: Received = field(default_factory=Received)

    def begin(self) -> PartSink:
        """Where the next file is to go."""
        return _FileSink(self)


class _FileSink:
    """Takes one file: its File Meta Information is read, then it is written.

    After a fault the rest is passed over: the answer may have others.
    """

    def __init__(self, receiver: WebFileReceiver) -> None:
        self._receiver = receiver
        self._head = FileHead()
        self._opened: _Opened | None = None
        self._uid = ""
        self._fault = ""

    async def write(self, data: memoryview, /) -> None:
        """Take more of it."""
        if self._fault:
            return
        try:
            if self._opened is not None:
                await self._opened.write(bytes(data))
                return
            head = self._head.feed(data)
            if head is not None:
                await self._open(head)
        except (OSError, Part10Error, WrongFile) as error:
            self._fail(error)

    async def finish(self) -> None:
        """Make it durable under its name, or say why it is not there."""
        receiver = self._receiver
        try:
            if not self._fault:
                opened = self._opened or await self._open(self._head.end())
                is_new = await opened.keep(receiver.target)
                receiver.received.files += is_new
                receiver.received.there += not is_new
                receiver.received.data_set_bytes += opened.data_set_bytes
        except (OSError, AnotherObject, Part10Error, WrongFile) as error:
            self._fail(error)
        finally:
            await self.abort()
        if self._fault:
            receiver.received.failures += 1
            receiver.failed(printable(self._uid) or "a file", self._fault)
        receiver.advance()

    async def abort(self) -> None:
        """Remove what is half written; nothing happens to a file that has its name."""
        if self._opened is not None:
            with CancelScope(shield=True):
                await to_thread.run_sync(self._opened.file.discard)

    async def _open(self, head: WholeHead) -> "_Opened":
        meta = head.meta
        self._uid = meta.media_storage_sop_instance_uid
        for name, uid in (
            ("SOP Instance", self._uid),
            ("Transfer Syntax", meta.transfer_syntax_uid),
        ):
            if not is_acceptable_uid(uid):
                raise WrongFile(f"File Meta Information: no UID of a {name} (PS3.10 section 7.1)")
        opened = self._opened = _Opened(self._receiver.folder, meta, head.raw)
        await opened.write(head.begun)
        return opened

    def _fail(self, error: Exception) -> None:
        self._fault = (error.strerror if isinstance(error, OSError) else None) or str(error)


class _Opened:
    """A file whose File Meta Information is known."""

    def __init__(self, folder: Path, meta: FileMeta, head: bytes) -> None:
        self.file = PartFile(folder, meta.media_storage_sop_instance_uid, head)
        self.data_set_bytes = 0
        self._header = HeaderStream(known_syntax(meta.transfer_syntax_uid))
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    async def write(self, data: bytes) -> None:
        """Take more of the data set.

        Raises:
            OSError: it cannot be written.
        """
        self._header.feed(data)
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        self.data_set_bytes += len(data)
        if self._waiting_bytes >= WRITTEN_AT_ONCE_BYTES:
            await self._write()

    async def keep(self, target: Target) -> bool:
        """Make it durable under its name; False if the same object is there already.

        Raises:
            WrongFile: it is not one of the target.
            OSError, AnotherObject: see `PartFile.keep`.
        """
        self._header.end()
        study = self._study_of(target)
        await self._write()
        return await to_thread.run_sync(self.file.keep, study)

    def _study_of(self, target: Target) -> str:
        """The Study Instance UID.

        Raises:
            WrongFile: it is not one of the target.
        """
        header = self._header.header()
        study, uid = _uid(header, _STUDY_INSTANCE_UID), _uid(header, _SOP_INSTANCE_UID)
        if uid and uid != self.file.sop_instance_uid:
            # PS3.10 table 7.1-1
            raise WrongFile(f"its data set has SOP Instance UID '{printable(uid)}'")
        wanted = target.sop_instance_uid
        if wanted and wanted != self.file.sop_instance_uid:
            raise WrongFile(f"not asked for: that was {wanted}")
        if target.study_instance_uid and study != target.study_instance_uid:
            raise WrongFile(f"of study '{printable(study)}', which was not asked for")
        return study

    async def _write(self) -> None:
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        await to_thread.run_sync(self.file.write, waiting)


def _uid(header: DataSetHeader, tag: Tag) -> str:
    return decode_uid(header.value(tag) or b"")
