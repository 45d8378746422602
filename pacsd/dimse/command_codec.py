"""Command sets as bytes: Implicit VR Little Endian, group 0000 only (PS3.7 section 6.3.1).

What a device sends and cannot change is read: no group length, retired or unknown elements of
group 0000, any order, any text padding, empty optional elements. What makes the message ambiguous
is refused; the refusal says whether and how it can be answered.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from operator import attrgetter
from typing import Any, Final, NoReturn

from pacsd.dicom.status import Status
from pacsd.dicom.uid import MAX_UID_LENGTH, decode_uid
from pacsd.dimse import commands
from pacsd.dimse.commands import (
    AnyCommand,
    CCancelRQ,
    Command,
    DataSetUse,
    Request,
    Response,
    fit_error_comment,
)
from pacsd.dimse.commands_dictionary import ELEMENTS, decode_us, element_encoder, value_decoder
from pacsd.dimse.errors import CommandError, LocalCommandError

# PS3.7 sets no limit; the longest sets in use are an N-GET's with a list of attributes.
MAX_COMMAND_SET_BYTES: Final = 65_536

_RESPONSE_BIT: Final = 0x8000  # set in the Command Field of every response, PS3.7 section E.1

_unpack_header: Final = struct.Struct("<HHL").unpack_from
_HEADER_BYTES: Final = 8
_pack_group_length: Final = struct.Struct("<HHLL").pack
_GROUP_LENGTH_BYTES: Final = 12
_pack_ul: Final = struct.Struct("<L").pack
_pack_us: Final = struct.Struct("<H").pack

_GROUP_LENGTH: Final = ELEMENTS["group_length"].number
_COMMAND_FIELD: Final = ELEMENTS["command_field"].number
_MESSAGE_ID: Final = ELEMENTS["message_id"].number
_HAS_DATA_SET: Final = ELEMENTS["has_data_set"].number

_Elements = dict[int, bytes]


@dataclass(frozen=True, slots=True)
class _Layout:
    """How one class of command is written and read."""

    command_class: type[Request | Response | CCancelRQ]
    required: frozenset[str]
    decoders: Mapping[int, tuple[str, Callable[[bytes], object]]]
    encoders: tuple[tuple[str, Callable[[Any], bytes]], ...]
    # The values of `encoders`, in their order, and those that must not be ''.
    values: attrgetter[tuple[Any, ...]]
    required_values: attrgetter[tuple[Any, ...]]
    # What a request must say about its data set; a response's own word is believed.
    has_data_set: bool | None


def _layout(command_class: type[Request | Response | CCancelRQ]) -> _Layout:
    names = [field.name for field in fields(command_class)]
    required = {field.name for field in fields(command_class) if field.default is MISSING}
    written = sorted([*names, "command_field"], key=lambda name: ELEMENTS[name].number)
    is_fixed = (
        not issubclass(command_class, Response)
        and command_class.data_set_use is not DataSetUse.OPTIONAL
    )
    return _Layout(
        command_class=command_class,
        required=frozenset(required | {"has_data_set"}),
        decoders={ELEMENTS[name].number: (name, value_decoder(name)) for name in names},
        encoders=tuple((name, element_encoder(name)) for name in written),
        values=attrgetter(*written),
        required_values=attrgetter("command_field", *sorted(required)),
        has_data_set=command_class.data_set_use is DataSetUse.ALWAYS if is_fixed else None,
    )


_LAYOUTS: Final = {
    command_class: _layout(command_class)
    for command_class in vars(commands).values()
    if isinstance(command_class, type) and issubclass(command_class, Command)
    if hasattr(command_class, "command_field")
}
_LAYOUTS_BY_FIELD: Final = {
    _pack_us(command_class.command_field): layout for command_class, layout in _LAYOUTS.items()
}


def encode_command(command: AnyCommand) -> bytes:
    """The command set as sent, Command Group Length first, elements ascending.

    Raises:
        LocalCommandError: a mandatory value is empty, or a value does not fit its VR.
    """
    layout = _LAYOUTS[type(command)]
    name = ""
    parts = []
    try:
        for (name, encode), value in zip(layout.encoders, layout.values(command), strict=True):
            if value or value == 0:
                parts.append(encode(value))
    except (struct.error, ValueError) as error:
        raise LocalCommandError(
            f"{command.message_name}: {ELEMENTS[name]} cannot be written: {error}"
            f" ({command.clause})"
        ) from error
    _check_complete(command, layout)
    return _with_group_length(parts)


def _check_complete(command: AnyCommand, layout: _Layout) -> None:
    if "" in layout.required_values(command):
        empty = [name for name in layout.required if getattr(command, name) == ""]
        raise LocalCommandError(
            f"{command.message_name}: {ELEMENTS[min(empty)]} is empty ({command.clause})"
        )
    use = command.data_set_use
    if use is not DataSetUse.OPTIONAL and command.has_data_set is not (use is DataSetUse.ALWAYS):
        raise LocalCommandError(
            f"{command.message_name}: {_data_set_refusal(command.has_data_set)} ({command.clause})"
        )


def _with_group_length(parts: list[bytes]) -> bytes:
    body = b"".join(parts)
    return _pack_group_length(0, _GROUP_LENGTH, 4, len(body)) + body


def decode_command(buffer: bytes | bytearray | memoryview) -> AnyCommand:
    """The message a whole command set stands for; keeps no view of the buffer.

    Raises:
        CommandError: the only exception, for whatever bytes.
    """
    encoded = bytes(buffer)
    elements = _split(encoded)
    layout = _LAYOUTS_BY_FIELD.get(elements.get(_COMMAND_FIELD, b""))
    if layout is None:
        _refuse_command_field(elements)
    group_length = elements.get(_GROUP_LENGTH)
    if group_length is not None and group_length != _pack_ul(len(encoded) - _GROUP_LENGTH_BYTES):
        _refuse_group_length(elements, layout, group_length, len(encoded))
    values = _decode_values(elements, layout)
    if not values.keys() >= layout.required:
        _refuse_absence(elements, layout, values)
    has_data_set = layout.has_data_set
    if has_data_set is not None and values["has_data_set"] is not has_data_set:
        _refuse(elements, layout, _data_set_refusal(not has_data_set), Status.MISTYPED_ARGUMENT)
    return layout.command_class(**values)


def _split(encoded: bytes) -> _Elements:
    """Each element's value field; nothing is believed of bytes that are not a command set."""
    end = len(encoded)
    if end > MAX_COMMAND_SET_BYTES:
        _refuse_bytes(f"{end} bytes are more than {MAX_COMMAND_SET_BYTES}")
    elements: _Elements = {}
    start = 0
    while start < end:
        if end - start < _HEADER_BYTES:
            _refuse_bytes(f"{end - start} bytes at offset {start} are no element")
        group, number, length = _unpack_header(encoded, start)
        value_start = start + _HEADER_BYTES
        start = value_start + length
        if start > end or group or number in elements:
            _refuse_element(group, number, f"{length} of {end - value_start}", start > end)
        elements[number] = encoded[value_start:start]
    return elements


def _decode_values(elements: _Elements, layout: _Layout) -> dict[str, Any]:
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
            if _must_be_readable(name, raw, layout):
                _refuse(
                    elements,
                    layout,
                    f"{ELEMENTS[name]} {_shown(raw)} is no value of it",
                    Status.MISTYPED_ARGUMENT,
                )
    return values


def _must_be_readable(name: str, raw: bytes, layout: _Layout) -> bool:
    """An empty optional element is absent; a response's odd optional one costs no association."""
    if name in layout.required:
        return True
    return bool(raw) and not issubclass(layout.command_class, Response)


