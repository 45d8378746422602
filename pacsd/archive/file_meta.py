"""What stands before the data set in a stored file: preamble and File Meta Information."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from pacsd.api.reception import Reception
from pacsd.archive.instance import InstanceRequest
from pacsd.dicom.errors import Part10Error
from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.part10 import FileMeta, encode_file_meta


def _number(value: int | str) -> int:
    """A number that an index can hold."""
    number = int(value)
    if not 0 <= number < 1 << 63:
        raise ValueError(f"{number:.3g} is out of range")
    return number


_FACTS: Mapping[str, Callable[[Any], Any]] = {
    "partition": _number,
    "peer_address": str,
    "received_at_us": _number,
    "origin": str,
}
"""Reception facts without an attribute of their own, and what each is."""


def encode_preface(request: InstanceRequest) -> bytes:
    """Preamble, prefix and File Meta Information (PS3.10 section 7.1), reception facts included.

    Facts without an attribute of their own go into Private Information (0002,0102) as JSON, so
    that the index can be made again from the files alone.

    Raises:
        Part10Error: a UID is empty or a name not Latin-1, which the protocol's room has to refuse.
    """
    reception = request.reception
    facts = {name: getattr(reception, name) for name in _FACTS}
    meta = FileMeta(
        media_storage_sop_class_uid=request.sop_class_uid,
        media_storage_sop_instance_uid=request.sop_instance_uid,
        transfer_syntax_uid=request.transfer_syntax_uid,
        implementation_class_uid=IMPLEMENTATION_CLASS_UID,
        implementation_version_name=IMPLEMENTATION_VERSION_NAME,
        source_ae_title=reception.calling_ae,
        sending_ae_title=reception.calling_ae,
        receiving_ae_title=reception.called_ae,
        private_information_creator_uid=IMPLEMENTATION_CLASS_UID,
        # The trailing space makes the length even by a character JSON ignores, instead of a NUL.
        private_information=_even(orjson.dumps(facts)),
    )
    return encode_file_meta(meta, request.preamble)


def decode_reception(meta: FileMeta) -> Reception:
    """How a stored file came to us, as `encode_preface` wrote it.

    Raises:
        Part10Error: another program wrote the file, or somebody changed it.
    """
    if meta.private_information_creator_uid != IMPLEMENTATION_CLASS_UID:
        raise Part10Error("File Meta Information: not written by pacsd")
    try:
        facts = orjson.loads(meta.private_information)
        return Reception(
            calling_ae=meta.sending_ae_title,
            called_ae=meta.receiving_ae_title,
            **{name: kind(facts[name]) for name, kind in _FACTS.items()},
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Part10Error(f"Private Information (0002,0102): no reception facts: {error}") from None


def _even(text: bytes) -> bytes:
    return text + b" " * (len(text) % 2)
