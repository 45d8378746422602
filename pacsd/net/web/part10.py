"""Instances on their way out as DICOM files (PS3.18 section 8.7.3.1, PS3.10 section 7.1)."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.headers import Buffer
from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.part10 import FileMeta, encode_file_meta
from pacsd.dicom.reencode import Reencoder
from pacsd.net.data_sets import reencode
from pacsd.net.sending import OpenDataSet, Outbound


def preface(instance: Retrievable | Outbound, transfer_syntax_uid: str) -> bytes:
    """What stands before the data set: nothing of how the object came to us is in it."""
    return encode_file_meta(
        FileMeta(
            instance.sop_class_uid,
            instance.sop_instance_uid,
            transfer_syntax_uid,
            IMPLEMENTATION_CLASS_UID,
            IMPLEMENTATION_VERSION_NAME,
        )
    )


async def file_of(
    instance: Retrievable | Outbound, transfer_syntax_uid: str, open_data_set: OpenDataSet
) -> AsyncGenerator[Buffer, None]:
    """The file, in bounded pieces.

    Raises:
        OSError: it cannot be read, or broke off.
        DicomError: it cannot be re-encoded; some of it may have been given by then.
    """
    yield preface(instance, transfer_syntax_uid)
    async with aclosing(open_data_set()) as stored:
        pieces: AsyncGenerator[Buffer, None] = stored
        if transfer_syntax_uid != instance.transfer_syntax_uid:
            stored_in = known_syntax(instance.transfer_syntax_uid)
            pieces = reencode(stored, Reencoder(stored_in, known_syntax(transfer_syntax_uid)))
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece
