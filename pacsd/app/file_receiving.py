"""Objects that a peer sends us, written as DICOM files into a folder (PS3.10 section 7).

`FOLDER/STUDY/INSTANCE.dcm`, by their UIDs; without a Study Instance UID that is one, beside the
folders of studies. A file comes into being whole, under its name, or not at all, and replaces none.
Nobody else may read what is made here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio import to_thread

from pacsd.app.part_file import AnotherObject, PartFile
from pacsd.dicom.header_stream import HeaderStream, known_syntax
from pacsd.dicom.headers import Buffer
from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.part10 import FileMeta, encode_file_meta
from pacsd.dicom.status import MAX_ERROR_COMMENT_LENGTH, Status
from pacsd.dicom.tag import Tag
from pacsd.dicom.text import printable
from pacsd.dicom.uid import decode_uid, is_acceptable_uid
from pacsd.dimse.commands import CStoreRQ
from pacsd.net.responses import Work
from pacsd.net.storage import DataSetSink, DimseAnswer, RefusedSink
from pacsd.net.sub_operations import StorePort
from pacsd.ul.negotiation import PresentationContext

MAX_WAITING_BYTES = 8 << 20
"""When so much of one object waits to be written, no more is read."""

_STUDY_INSTANCE_UID: Tag = 0x0020000D


@dataclass(slots=True)
class Received:
    """What became of the objects so far; `there` are those that lay there already, byte by byte."""

    files: int = 0
    there: int = 0
    failures: int = 0
    data_set_bytes: int = 0


@dataclass(slots=True)
class FileReceiver:
    """Writes what comes over associations that we requested; see the module.

    `peer_ae` is whose objects these are, `own_ae` who we are to the peer. `spawn` runs work that
    waits for the disk. Of what cannot be written `failed` is told: the SOP Instance UID, and why.
    """

    folder: Path
    peer_ae: str
    own_ae: str
    spawn: Callable[[Work, str], None]
    failed: Callable[[str, str], None]
    received: Received = field(default_factory=Received)
    open_files: set[PartFile] = field(default_factory=set)

    @property
    def port(self) -> StorePort:
        """Where the association is to hand them to."""
        return StorePort(self._begin, self.spawn)

    def discard(self) -> None:
        """Remove what is half written: nothing more will come."""
        for each in tuple(self.open_files):
            self.close(each)

    def close(self, file: PartFile) -> None:
        """Remove a file that is not whole; nothing happens to one that has its name."""
        self.open_files.discard(file)
        file.discard()

    def _begin(
        self, context: PresentationContext, request: CStoreRQ, on_drained: Callable[[], None]
    ) -> DataSetSink:
        uid = request.affected_sop_instance_uid
        if request.affected_sop_class_uid != context.abstract_syntax:
            # PS3.7 section 9.1.1.1.9 and PS3.4 section B.2.2
            return self._refuse(uid, Status.SOP_CLASS_NOT_SUPPORTED, "not the SOP Class agreed on")
        if not is_acceptable_uid(uid):
            return self._refuse(uid, Status.INVALID_SOP_INSTANCE, "not a UID")
        meta = FileMeta(
            media_storage_sop_class_uid=request.affected_sop_class_uid,
            media_storage_sop_instance_uid=uid,
            transfer_syntax_uid=context.transfer_syntax,
            implementation_class_uid=IMPLEMENTATION_CLASS_UID,
            implementation_version_name=IMPLEMENTATION_VERSION_NAME,
            source_ae_title=self.peer_ae,
            sending_ae_title=self.peer_ae,
            receiving_ae_title=self.own_ae,
        )
        file = PartFile(self.folder, uid, encode_file_meta(meta))
        self.open_files.add(file)
        return _FileSink(self, file, context.transfer_syntax, on_drained)

    def _refuse(self, uid: str, status: Status, why: str) -> RefusedSink:
        self.received.failures += 1
        self.failed(printable(uid), why)
        return RefusedSink(DimseAnswer(status, why))


class _FileSink:
    """Takes the data set of one object; a worker thread writes it."""

    def __init__(
        self,
        receiver: FileReceiver,
        file: PartFile,
        syntax_uid: str,
        on_drained: Callable[[], None],
    ) -> None:
        self._receiver = receiver
        self._file = file
        self._on_drained = on_drained
        self._header = HeaderStream(known_syntax(syntax_uid))
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._data_set_bytes = 0
        self._fault: OSError | None = None
        self._idle = anyio.Event()
        self._idle.set()

    @property
    def is_congested(self) -> bool:
        """Whether more waits to be written than should."""
        return self._waiting_bytes > MAX_WAITING_BYTES

    def write(self, data: Buffer) -> None:
        """Take a fragment, which is copied."""
        self._header.feed(data)
        self._data_set_bytes += len(data)
        self._waiting.append(bytes(data))
        self._waiting_bytes += len(data)
        if self._idle.is_set():
            self._idle = anyio.Event()
            self._receiver.spawn(self._write_waiting, "write a received object")

    async def finish(self) -> DimseAnswer:
        """Make the file durable under its name, or say why it is not there."""
        await self._idle.wait()
        received = self._receiver.received
        self._header.end()
        study = decode_uid(self._header.header().value(_STUDY_INSTANCE_UID) or b"")
        try:
            if self._fault is not None:
                raise self._fault
            is_new = await to_thread.run_sync(self._file.keep, study)
        except (OSError, AnotherObject) as error:
            return self._failure(error)
        finally:
            self._receiver.close(self._file)
        received.files += is_new
        received.there += not is_new
        received.data_set_bytes += self._data_set_bytes
        return DimseAnswer(Status.SUCCESS)

    async def abort(self, reason: str) -> None:  # noqa: ARG002 - the association tells it
        """The association ended before the data set did."""
        await self._idle.wait()
        self._receiver.close(self._file)

    def cancel(self) -> None:
        """What was received whole is kept: C-STORE knows no cancellation."""

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                parts, self._waiting, self._waiting_bytes = self._waiting, [], 0
                self._on_drained()
                if self._fault is None:
                    await to_thread.run_sync(self._write, parts)
        finally:
            self._idle.set()

    def _write(self, parts: list[bytes]) -> None:
        try:
            self._file.write(parts)
        except OSError as error:
            self._fault = error

    def _failure(self, error: Exception) -> DimseAnswer:
        self._receiver.received.failures += 1
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        self._receiver.failed(self._file.sop_instance_uid, why)
        is_other = isinstance(error, AnotherObject)
        status = Status.UNABLE_TO_PROCESS if is_other else Status.OUT_OF_RESOURCES
        return DimseAnswer(status, printable(why, MAX_ERROR_COMMENT_LENGTH))
