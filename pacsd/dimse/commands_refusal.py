"""Refusals of a peer's command set: what is wrong with it, and whether a response can say so.

A request is answerable when its Command Field, Message ID and Command Data Set Type can be read:
otherwise its response has no addressee, or it is unknown whether a data set follows.
"""

from collections.abc import Mapping
from typing import Final

from pacsd.dicom.status import Status
from pacsd.dicom.uid import decode_uid
from pacsd.dimse.commands import CCancelRQ, Command
from pacsd.dimse.commands_dictionary import ELEMENTS, NO_DATA_SET
from pacsd.dimse.errors import CommandError

RESPONSE_BIT: Final = 0x8000  # set in every response's Command Field, PS3.7 section E.1

_US_BYTES: Final = 2


def refused_bytes(comment: str) -> CommandError:
    """A refusal of bytes that are no command set: nothing in them is believed or answered."""
    return CommandError("command set", comment, "PS3.7 section 6.3.1")


def refused_command(
    elements: Mapping[int, bytes], command: type[Command] | None, comment: str, status: Status
) -> CommandError:
    """A refusal with all that a response needs; its status is None when there can be none.

    Args:
        elements: the value fields received, by element number.
        command: the message they stand for, None when Command Field names no operation.
        comment: field, value and rule.
        status: what to answer, if an answer is possible.
    """
    command_field = _read_us(elements, "command_field")
    message_id = _read_us(elements, "message_id")
    data_set_type = _read_us(elements, "has_data_set")
    is_answerable = (
        command_field is not None
        and not command_field & RESPONSE_BIT
        and command_field != CCancelRQ.command_field
        and message_id is not None
        and data_set_type is not None
    )
    return CommandError(
        "command set" if command is None else command.message_name,
        comment,
        "PS3.7 section E.1" if command is None else command.clause,
        status=status if is_answerable else None,
        command_field=command_field,
        message_id=message_id,
        affected_sop_class_uid=_read_uid(elements, "affected_sop_class_uid")
        or _read_uid(elements, "requested_sop_class_uid"),
        affected_sop_instance_uid=_read_uid(elements, "affected_sop_instance_uid")
        or _read_uid(elements, "requested_sop_instance_uid"),
        has_data_set=None if data_set_type is None else data_set_type != NO_DATA_SET,
    )


def field_problem(elements: Mapping[int, bytes], field: str) -> str:
    """Why the field has no value: absent, of the wrong length, or not one of its defined terms."""
    element = ELEMENTS[field]
    raw = elements.get(element.number)
    if raw is None:
        return f"{element} is absent"
    if element.vr == "US" and len(raw) == _US_BYTES:
        return f"{element} {int.from_bytes(raw, 'little'):04X}H is not defined"
    return f"{element} has {len(raw)} bytes, not of VR {element.vr}"


def data_set_problem(*, has_data_set: bool) -> str:
    """Why Command Data Set Type is wrong in a message that never, or always, has a data set."""
    wrong = "announces a data set it never has" if has_data_set else "0101H but a data set is due"
    return f"{ELEMENTS['has_data_set']} {wrong}"


def _read_us(elements: Mapping[int, bytes], field: str) -> int | None:
    raw = elements.get(ELEMENTS[field].number, b"")
    return int.from_bytes(raw, "little") if len(raw) == _US_BYTES else None


def _read_uid(elements: Mapping[int, bytes], field: str) -> str:
    return decode_uid(elements.get(ELEMENTS[field].number, b""))
