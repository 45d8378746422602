"""The command dictionary (PS3.7 section E.1): each field's element and how its value is written.

Values are decoded from whole value fields; one of the wrong length raises `struct.error`, one
outside its enumeration `KeyError`.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from pacsd.dicom.ae_title import check_ae_title, from_wire
from pacsd.dicom.uid import MAX_UID_LENGTH, decode_uid, encode_uid
from pacsd.dimse.commands import MAX_ERROR_COMMENT_LENGTH, Priority

NO_DATA_SET: Final = 0x0101  # Command Data Set Type (0000,0800)
A_DATA_SET: Final = 0x0001  # any other value says so; this one is what most peers send


@dataclass(frozen=True, slots=True)
class CommandElement:
    """A row of PS3.7 section E.1; `number` is the element number within group 0000."""

    number: int
    vr: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} (0000,{self.number:04X})"


# Keys are the attribute names of the records in `commands`.
ELEMENTS: Final = {
    "group_length": CommandElement(0x0000, "UL", "Command Group Length"),
    "affected_sop_class_uid": CommandElement(0x0002, "UI", "Affected SOP Class UID"),
    "requested_sop_class_uid": CommandElement(0x0003, "UI", "Requested SOP Class UID"),
    "command_field": CommandElement(0x0100, "US", "Command Field"),
    "message_id": CommandElement(0x0110, "US", "Message ID"),
    "message_id_being_responded_to": CommandElement(0x0120, "US", "Message ID Being Responded To"),
    "move_destination": CommandElement(0x0600, "AE", "Move Destination"),
    "priority": CommandElement(0x0700, "US", "Priority"),
    "has_data_set": CommandElement(0x0800, "US", "Command Data Set Type"),
    "status": CommandElement(0x0900, "US", "Status"),
    "offending_elements": CommandElement(0x0901, "AT", "Offending Element"),
    "error_comment": CommandElement(0x0902, "LO", "Error Comment"),
    "error_id": CommandElement(0x0903, "US", "Error ID"),
    "affected_sop_instance_uid": CommandElement(0x1000, "UI", "Affected SOP Instance UID"),
    "requested_sop_instance_uid": CommandElement(0x1001, "UI", "Requested SOP Instance UID"),
    "event_type_id": CommandElement(0x1002, "US", "Event Type ID"),
    "attribute_identifier_list": CommandElement(0x1005, "AT", "Attribute Identifier List"),
    "action_type_id": CommandElement(0x1008, "US", "Action Type ID"),
    "number_of_remaining_suboperations": CommandElement(
        0x1020, "US", "Number of Remaining Sub-operations"
    ),
    "number_of_completed_suboperations": CommandElement(
        0x1021, "US", "Number of Completed Sub-operations"
    ),
    "number_of_failed_suboperations": CommandElement(
        0x1022, "US", "Number of Failed Sub-operations"
    ),
    "number_of_warning_suboperations": CommandElement(
        0x1023, "US", "Number of Warning Sub-operations"
    ),
    "move_originator_ae_title": CommandElement(
        0x1030, "AE", "Move Originator Application Entity Title"
    ),
    "move_originator_message_id": CommandElement(0x1031, "US", "Move Originator Message ID"),
}

_US: Final = struct.Struct("<H")
_unpack_us: Final = _US.unpack
_pack_header: Final = struct.Struct("<HHL").pack
_pack_us_element: Final = struct.Struct("<HHLH").pack
_pack_tag: Final = struct.Struct("<HH").pack


def decode_us(raw: bytes) -> int:
    """One US value."""
    value: int = _unpack_us(raw)[0]
    return value


def _decode_at(raw: bytes) -> tuple[int, ...]:
    words = struct.unpack(f"<{len(raw) // 4 * 2}H", raw)
    return tuple(
        group << 16 | element for group, element in zip(words[::2], words[1::2], strict=True)
    )


def _decode_lo(raw: bytes) -> str:
    return str(raw, "latin-1").strip("\0 ")


def _decode_has_data_set(raw: bytes) -> bool:
    return decode_us(raw) != NO_DATA_SET


_DECODERS_BY_VR: Final[dict[str, Callable[[bytes], object]]] = {
    "AE": from_wire,
    "AT": _decode_at,
    "LO": _decode_lo,
    "UI": decode_uid,
    "US": decode_us,
}
_DECODERS_BY_FIELD: Final[dict[str, Callable[[bytes], object]]] = {
    "has_data_set": _decode_has_data_set,
    "priority": {_US.pack(priority): priority for priority in Priority}.__getitem__,
}


def value_decoder(field: str) -> Callable[[bytes], object]:
    """What turns the field's value bytes into its value."""
    return _DECODERS_BY_FIELD.get(field) or _DECODERS_BY_VR[ELEMENTS[field].vr]


def _encode_has_data_set(number: int, value: bool) -> bytes:
    return _pack_us_element(0, number, 2, A_DATA_SET if value else NO_DATA_SET)


def _encode_text(number: int, raw: bytes) -> bytes:
    if len(raw) % 2:
        raw += b" "
    return _pack_header(0, number, len(raw)) + raw


def _encode_ae(number: int, value: str) -> bytes:
    return _encode_text(number, check_ae_title(value, "value").encode("ascii"))


def _encode_lo(number: int, value: str) -> bytes:
    if len(value) > MAX_ERROR_COMMENT_LENGTH or "\\" in value or not value.isprintable():
        raise ValueError("not one line of at most 64 characters without backslash")
    return _encode_text(number, value.encode("ascii"))


def _encode_ui(number: int, value: str) -> bytes:
    raw = encode_uid(value)
    if len(raw) > MAX_UID_LENGTH:
        raise ValueError("longer than 64 characters")
    return _pack_header(0, number, len(raw)) + raw


def _encode_at(number: int, value: tuple[int, ...]) -> bytes:
    raw = b"".join([_pack_tag(tag >> 16, tag & 0xFFFF) for tag in value])
    return _pack_header(0, number, len(raw)) + raw


_ENCODERS_BY_VR: Final[dict[str, Callable[..., bytes]]] = {
    "AE": _encode_ae,
    "AT": _encode_at,
    "LO": _encode_lo,
    "UI": _encode_ui,
}


def element_encoder(field: str) -> Callable[[Any], bytes]:
    """What turns the field's value into its whole element.

    It raises ValueError or `struct.error` for a value that the field's VR does not allow.
    """
    element = ELEMENTS[field]
    if field == "has_data_set":
        return partial(_encode_has_data_set, element.number)
    if element.vr == "US":
        return partial(_pack_us_element, 0, element.number, 2)
    return partial(_ENCODERS_BY_VR[element.vr], element.number)
