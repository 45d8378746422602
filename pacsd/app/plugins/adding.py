"""A DICOM file that a plugin adds: taken in as any other object is (PS3.10 section 7)."""

from typing import BinaryIO

import anyio
from anyio import to_thread

from pacsd.api.host import HostError
from pacsd.api.reception import DEFAULT_PARTITION, Reception
from pacsd.archive.ingest import Ingest
from pacsd.archive.instance import IngestOutcome, InstanceRequest
from pacsd.archive.intake import Intake
from pacsd.dicom.errors import Part10Error
from pacsd.dicom.part10 import (
    MAX_META_LENGTH_BYTES,
    PREAMBLE_LENGTH_BYTES,
    FileMeta,
    decode_file_meta,
)
from pacsd.dicom.status import Status
from pacsd.dicom.uid import is_acceptable_uid

FILES_AT_ONCE = 4
"""Of one plugin; more wait."""

_FIRST_BYTES = PREAMBLE_LENGTH_BYTES + MAX_META_LENGTH_BYTES + 1024
_PIECE_BYTES = 512 * 1024
_WARNING = 0xB


def origin_of(plugin: str) -> str:
    """How an instance came to us that a plugin added."""
    return f"plugin:{plugin}"


async def add_file(file: BinaryIO, plugin: str, ingest: Ingest, received_at_us: int) -> str:
    """Take a file in; its SOP Instance UID.

    Raises:
        HostError: it is no DICOM file, cannot be read, or was refused.
    """
    reception = Reception(DEFAULT_PARTITION, "", "", "", received_at_us, origin_of(plugin))
    try:
        first = await to_thread.run_sync(_first, file)
        meta, offset = decode_file_meta(first)
        request = _request(meta, first[:PREAMBLE_LENGTH_BYTES], reception)
        outcome = await _taken_in(file, first[offset:], ingest.begin(request))
    except (OSError, ValueError, Part10Error) as error:
        raise HostError(f"file: {error}") from error
    if outcome.status != Status.SUCCESS and outcome.status >> 12 != _WARNING:
        raise HostError(f"refused with status {outcome.status:04X}: {outcome.comment}")
    return request.sop_instance_uid


async def _taken_in(file: BinaryIO, piece: bytes, intake: Intake) -> IngestOutcome:
    try:
        while piece:
            intake.write(piece)
            await _until_drained(intake)
            piece = await to_thread.run_sync(file.read, _PIECE_BYTES)
        return await intake.finish()
    finally:
        await intake.abort("the plugin's file was not read to its end")


async def _until_drained(intake: Intake) -> None:
    while intake.is_congested:
        drained = anyio.Event()
        intake.on_drained = drained.set
        await drained.wait()


def _first(file: BinaryIO) -> bytes:
    """Enough of it to hold its File Meta Information; blocks."""
    file.seek(0)
    return file.read(_FIRST_BYTES)


def _request(meta: FileMeta, preamble: bytes, reception: Reception) -> InstanceRequest:
    named = (
        ("SOP Class", meta.media_storage_sop_class_uid),
        ("SOP Instance", meta.media_storage_sop_instance_uid),
        ("Transfer Syntax", meta.transfer_syntax_uid),
    )
    for name, uid in named:
        if not is_acceptable_uid(uid):
            raise Part10Error(f"File Meta Information: no {name} UID (PS3.10 section 7.1)")
    return InstanceRequest(
        sop_class_uid=meta.media_storage_sop_class_uid,
        sop_instance_uid=meta.media_storage_sop_instance_uid,
        transfer_syntax_uid=meta.transfer_syntax_uid,
        reception=reception,
        preamble=preamble,
    )
