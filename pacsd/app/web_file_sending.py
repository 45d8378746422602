"""Files sent to a DICOMweb server, as they lie: STOW-RS negotiates no Transfer Syntax."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pacsd.app.dicom_files import DicomFile, find
from pacsd.app.sendable_files import Listener, SendableFiles
from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.part10 import (
    PREAMBLE_LENGTH_BYTES,
    FileMeta,
    decode_file_meta,
    encode_file_meta,
)
from pacsd.net.data_sets import read_file
from pacsd.net.web_client.delivery import WebDelivery
from pacsd.net.web_client.errors import WebError
from pacsd.net.web_client.session import WebServer, web_session
from pacsd.net.web_client.storing import FileToStore


@dataclass(frozen=True, slots=True, kw_only=True)
class WebFile(FileToStore):
    """A file with an instance that is to be stored elsewhere."""

    path: Path


def web_file(file: DicomFile) -> WebFile:
    """What was found, to be read when its turn comes. Blocks.

    A data set without File Meta Information gets one: nothing else goes as application/dicom
    (PS3.18 section 8.7.3.1). One that names another instance than its data set, as C-STORE would
    not, names that.

    Raises:
        OSError: it is gone.
        DicomError: its File Meta Information is no longer readable, or cannot be written so.
    """
    head = _corrected_head(file) if file.data_set_offset else _new_head(file)
    offset = file.data_set_offset if head else 0
    return WebFile(
        file.sop_class_uid,
        file.sop_instance_uid,
        file.transfer_syntax_uid,
        len(head) + file.path.stat().st_size - offset,
        partial(_read, head, file.path, offset),
        path=file.path,
    )


async def send_web_files(
    paths: Sequence[Path], server: WebServer, requests_at_once: int, listener: Listener
) -> None:
    """Send all instances in these files and folders; see `dicom_files.find`.

    Raises:
        WebError: the server cannot be reached, or takes nothing; the rest was not tried, but the
            listener knows how many these are.
    """
    run = SendableFiles[WebFile](find(paths), web_file, listener)
    async with web_session(server) as session:
        delivery = WebDelivery[WebFile](session, run.sent, requests_at_once)
        try:
            await delivery.run(run.groups())
        except WebError:
            await run.count_rest()
            raise


def _new_head(file: DicomFile) -> bytes:
    return encode_file_meta(
        FileMeta(
            file.sop_class_uid,
            file.sop_instance_uid,
            file.transfer_syntax_uid,
            IMPLEMENTATION_CLASS_UID,
            IMPLEMENTATION_VERSION_NAME,
        )
    )


def _corrected_head(file: DicomFile) -> bytes:
    """What stands before the data set, if that has to be other than it is; else b""."""
    with file.path.open("rb") as opened:
        there = opened.read(file.data_set_offset)
    meta, _ = decode_file_meta(there)
    right = replace(
        meta,
        media_storage_sop_class_uid=file.sop_class_uid,
        media_storage_sop_instance_uid=file.sop_instance_uid,
        transfer_syntax_uid=file.transfer_syntax_uid,
        implementation_class_uid=meta.implementation_class_uid or IMPLEMENTATION_CLASS_UID,
    )
    return b"" if right == meta else encode_file_meta(right, there[:PREAMBLE_LENGTH_BYTES])


async def _read(head: bytes, path: Path, offset: int) -> AsyncGenerator[bytes, None]:
    if head:
        yield head
    async with aclosing(read_file(path, offset)) as data_set:
        async for piece in data_set:
            yield piece
