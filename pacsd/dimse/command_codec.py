"""Command sets as bytes: Implicit VR Little Endian, group 0000 only (PS3.7 section 6.3.1).

What a device sends and cannot change is read: no group length, retired or unknown elements of
group 0000, any order, any text padding. An optional element that cannot be read counts as absent,
so a Priority that does not exist is MEDIUM. What makes the message ambiguous is refused; the
refusal says whether and how it can be answered.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from operator import attrgetter
from typing import Any, Final

from pacsd.dicom.status import Status
from pacsd.dicom.tag import format_tag
from pacsd.dicom.uid import MAX_UID_LENGTH
from pacsd.dimse import commands
from pacsd.dimse.commands import (
    AnyCommand,
    CCancelRQ,
    DataSetUse,
    Request,
    Response,
    fit_error_comment,
)
from pacsd.dimse.commands_dictionary import ELEMENTS, element_encoder, value_decoder
from pacsd.dimse.commands_refusal import (
    RESPONSE_BIT,
    data_set_problem,
    field_problem,
    refused_bytes,
    refused_command,
)
from pacsd.dimse.errors import CommandError, LocalCommandError

# PS3.7 sets no limit; the longest sets in use are an N-GET's with a list of attributes.
MAX_COMMAND_SET_BYTES: Final = 65_536

_unpack_header: Final = struct.Struct("<HHL").unpack_from
_HEADER_BYTES: Final = 8
_pack_group_length: Final = struct.Struct("<HHLL").pack
_GROUP_LENGTH_BYTES: Final = 12
_pack_ul: Final = struct.Struct("<L").pack
_UL_BYTES: Final = 4

_GROUP_LENGTH: Final = ELEMENTS["group_length"].number
_COMMAND_FIELD: Final = ELEMENTS["command_field"].number


@dataclass(frozen=True, slots=True)
class _Layout:
    """How one class of command is read and written."""

    command_class: type[Request | Response | CCancelRQ]
    required: frozenset[str]
    decoders: Mapping[int, tuple[str, Callable[[bytes], object]]]
    # In ascending order of elements, `values` likewise.
    encoders: tuple[tuple[str, Callable[[Any], bytes]], ...]
    values: Callable[[object], tuple[Any, ...]]
    # Those that must not be ''.
    required_values: Callable[[object], tuple[Any, ...]]
    # None: may have a data set or not.
    has_data_set: bool | None


def _layout(command_class: type[Request | Response | CCancelRQ]) -> _Layout:
    names = [field.name for field in fields(command_class)]
    required = {field.name for field in fields(command_class) if field.default is MISSING}
    written = sorted([*names, "command_field"], key=lambda name: ELEMENTS[name].number)
    use = command_class.data_set_use
    return _Layout(
        command_class=command_class,
        required=frozenset(required | {"has_data_set"}),
        decoders={ELEMENTS[name].number: (name, value_decoder(name)) for name in names},
        encoders=tuple((name, element_encoder(name)) for name in written),
        values=attrgetter(*written),
        required_values=attrgetter("command_field", *sorted(required)),
        has_data_set=None if use is DataSetUse.OPTIONAL else use is DataSetUse.ALWAYS,
    )


_LAYOUTS: Final = {
    command_class: _layout(command_class)
    for command_class in vars(commands).values()
    if isinstance(command_class, type)
    if issubclass(command_class, (Request, Response, CCancelRQ))
    if hasattr(command_class, "command_field")
}
_LAYOUTS_BY_COMMAND_FIELD: Final = {
    command_class.command_field.to_bytes(2, "little"): layout
    for command_class, layout in _LAYOUTS.items()
}


def encode_command(command: AnyCommand) -> bytes:
    """The command set as sent, Command Group Length first, elements ascending.

    Raises:
        LocalCommandError: a mandatory UID or title is empty, a value does not fit its VR, or the
            message says the wrong thing about its data set.
    """
    layout = _LAYOUTS[type(command)]
    _check_local(command, layout)
    parts = []
    for (name, encode), value in zip(layout.encoders, layout.values(command), strict=True):
        if value or value == 0:
            try:
                parts.append(encode(value))
            except (struct.error, ValueError) as error:
                problem = f"{ELEMENTS[name]} cannot be written: {error}"
                raise _local_error(command, problem) from error
    return _with_group_length(parts)


def _check_local(command: AnyCommand, layout: _Layout) -> None:
    if "" in layout.required_values(command):
        empty = min(name for name in layout.required if getattr(command, name) == "")
        raise _local_error(command, f"{ELEMENTS[empty]} is empty")
    if layout.has_data_set is not None and command.has_data_set is not layout.has_data_set:
        raise _local_error(command, data_set_problem(has_data_set=command.has_data_set))


def _local_error(command: AnyCommand, problem: str) -> LocalCommandError:
    return LocalCommandError(f"{command.message_name}: {problem} ({command.clause})")


def _with_group_length(parts: list[bytes]) -> bytes:
    body = b"".join(parts)
    return _pack_group_length(0, _GROUP_LENGTH, 4, len(body)) + body


def error_response(error: CommandError) -> bytes | None:
    """The encoded response to a request that was refused, None when it cannot be answered.

    Also for a Command Field that names no operation (PS3.7 section C.5: 0211H), which has no
    record among the commands.
    """
    if error.status is None or error.command_field is None or error.message_id is None:
        return None
    values: dict[str, Any] = {
        "affected_sop_class_uid": error.affected_sop_class_uid,
        "command_field": error.command_field | RESPONSE_BIT,
        "message_id_being_responded_to": error.message_id,
        "has_data_set": False,
        "status": error.status,
        "error_comment": fit_error_comment(error.comment),
        "affected_sop_instance_uid": error.affected_sop_instance_uid,
    }
    return _with_group_length(
        [
            element_encoder(name)(value)
            for name, value in values.items()
            if value != "" and not (isinstance(value, str) and len(value) > MAX_UID_LENGTH)
        ]
    )


def decode_command(buffer: bytes | bytearray | memoryview) -> AnyCommand:
    """The message a whole command set stands for; keeps no view of the buffer.

    Raises:
        CommandError: for whatever else the bytes are; nothing but this is raised.
    """
    encoded = bytes(buffer)
    elements = _split(encoded)
    layout = _LAYOUTS_BY_COMMAND_FIELD.get(elements.get(_COMMAND_FIELD, b""))
    if layout is None:
        problem = field_problem(elements, "command_field")
        raise refused_command(elements, None, problem, Status.UNRECOGNIZED_OPERATION)
    _check_group_length(elements, layout, len(encoded) - _GROUP_LENGTH_BYTES)
    values = _decode_values(elements, layout)
    if not values.keys() >= layout.required:
        absent = min(layout.required - values.keys(), key=lambda name: ELEMENTS[name].number)
        raise _mistyped(elements, layout, field_problem(elements, absent))
    if layout.has_data_set is not None:
        _check_data_set(elements, layout, has_data_set=values["has_data_set"])
    return layout.command_class(**values)


def _split(encoded: bytes) -> dict[int, bytes]:
    """The value field of each element, by element number."""
    end = len(encoded)
    if end > MAX_COMMAND_SET_BYTES:
        raise refused_bytes(f"{end} bytes are more than {MAX_COMMAND_SET_BYTES}")
    elements: dict[int, bytes] = {}
    stop = 0
    while stop < end:
        start = stop + _HEADER_BYTES
        if start > end:
            raise refused_bytes(f"{end - stop} bytes at offset {stop} are no element")
        group, number, length = _unpack_header(encoded, stop)
        stop = start + length
        if group or number in elements or stop > end:
            raise _refused_element(group, number, length, end - start)
        elements[number] = encoded[start:stop]
    return elements


def _refused_element(group: int, number: int, length: int, left: int) -> CommandError:
    tag = format_tag(group << 16 | number)
    if group:
        return refused_bytes(f"{tag} is not of group 0000")
    if length > left:
        return refused_bytes(f"{tag} has {length} bytes of which {left} are there")
    return refused_bytes(f"{tag} comes twice")


def _check_group_length(elements: dict[int, bytes], layout: _Layout, actual_bytes: int) -> None:
    raw = elements.get(_GROUP_LENGTH)
    if raw is None or raw == _pack_ul(actual_bytes):
        return
    problem = field_problem(elements, "group_length")
    if len(raw) == _UL_BYTES:
        said = int.from_bytes(raw, "little")
        problem = f"{ELEMENTS['group_length']} says {said}, {actual_bytes} bytes follow"
    raise refused_command(elements, layout.command_class, problem, Status.PROCESSING_FAILURE)


def _check_data_set(elements: dict[int, bytes], layout: _Layout, *, has_data_set: bool) -> None:
    # A response's own word is believed: what follows it can be read and dropped.
    if has_data_set is not layout.has_data_set and not issubclass(layout.command_class, Response):
        raise _mistyped(elements, layout, data_set_problem(has_data_set=has_data_set))


def _decode_values(elements: dict[int, bytes], layout: _Layout) -> dict[str, Any]:
    values: dict[str, Any] = {}
    find_decoder = layout.decoders.get
    for number, raw in elements.items():
        found = find_decoder(number)
        if found is None:
            continue
        name, decode = found
        try:
            values[name] = decode(raw)
        except (struct.error, KeyError):
            if name in layout.required:
                problem = field_problem(elements, name)
                raise _mistyped(elements, layout, problem) from None
    return values


def _mistyped(elements: dict[int, bytes], layout: _Layout, problem: str) -> CommandError:
    return refused_command(elements, layout.command_class, problem, Status.MISTYPED_ARGUMENT)
