import struct
from contextlib import suppress
from dataclasses import fields, replace
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pynetdicom import dimse_messages
from pynetdicom.dsutils import decode, encode
from pynetdicom.pdu_primitives import P_DATA

from pacsd.dimse.command_codec import (
    MAX_COMMAND_SET_BYTES,
    decode_command,
    encode_command,
    error_response,
)
from pacsd.dimse.commands import (
    AnyCommand,
    CEchoRQ,
    CEchoRSP,
    CFindRSP,
    CMoveRQ,
    CStoreRQ,
    CStoreRSP,
    NCreateRQ,
    NGetRQ,
    Priority,
    Request,
    Response,
)
from pacsd.dimse.commands_dictionary import ELEMENTS
from pacsd.dimse.errors import CommandError, LocalCommandError
from tests.dimse.command_strategies import (
    MESSAGE_CLASSES,
    element,
    messages,
    messages_of,
    us_element,
    with_group_length,
)

VERIFICATION = element(0x0002, b"1.2.840.10008.1.1\0")
ECHO_FIELDS = {
    "class": VERIFICATION,
    "field": us_element(0x0100, 0x0030),
    "id": us_element(0x0110, 7),
    "data set": us_element(0x0800, 0x0101),
}
ECHO = CEchoRQ(message_id=7, affected_sop_class_uid="1.2.840.10008.1.1")
STORE = CStoreRQ(message_id=8, affected_sop_class_uid="1.2", affected_sop_instance_uid="1.3")


def echo_with(**changes: bytes) -> bytes:
    """A C-ECHO-RQ with elements replaced by others or by nothing, or added at the end."""
    return with_group_length(*(ECHO_FIELDS | changes).values())


def store_with(*added: bytes, data_set_type: int = 1) -> bytes:
    return with_group_length(
        element(0x0002, b"1.2\0"),
        us_element(0x0100, 0x0001),
        us_element(0x0110, 8),
        us_element(0x0800, data_set_type),
        element(0x1000, b"1.3\0"),
        *added,
    )


def refusal(encoded: bytes) -> CommandError:
    with pytest.raises(CommandError) as caught:
        decode_command(encoded)
    return caught.value


# Round trip, and the second opinion of pynetdicom.


@given(messages)
def test_every_message_comes_back(message: AnyCommand) -> None:
    assert decode_command(encode_command(message)) == message


@given(messages, st.sampled_from([bytes, bytearray, memoryview]))
def test_any_buffer_is_read(message: AnyCommand, buffer: Any) -> None:
    assert decode_command(buffer(encode_command(message))) == message


@given(messages)
def test_elements_ascend_after_a_true_group_length(message: AnyCommand) -> None:
    encoded = encode_command(message)
    assert encoded[:8] == bytes([0, 0, 0, 0, 4, 0, 0, 0])
    assert int.from_bytes(encoded[8:12], "little") == len(encoded) - 12
    numbers = [item.tag for item in decode(BytesIO(encoded), True, True)]
    assert numbers == sorted(numbers)


def command_set_of(message: AnyCommand) -> Dataset:
    """The message as pynetdicom's own command set, group length by pynetdicom."""
    theirs = getattr(dimse_messages, message.message_name.replace("-", "_"))()
    theirs.command_set = Dataset()
    for field in fields(message):
        value = getattr(message, field.name)
        if field.name == "has_data_set":
            value = 0x0001 if value else 0x0101
        if value not in (None, "", ()):
            keyword = keyword_for_tag(ELEMENTS[field.name].number)
            setattr(theirs.command_set, keyword, list(value) if isinstance(value, tuple) else value)
    theirs.command_set.CommandField = message.command_field
    theirs.command_set.CommandGroupLength = 0
    theirs._set_command_group_length()
    return theirs.command_set


@pytest.mark.parametrize("cls", MESSAGE_CLASSES, ids=lambda cls: cls.message_name)
@settings(max_examples=30)
@given(data=st.data())
def test_pynetdicom_writes_the_same_bytes(cls: type[Request], data: st.DataObject) -> None:
    message = data.draw(messages_of(cls))
    theirs = encode(command_set_of(message), True, True)
    assert theirs == encode_command(message)
    assert decode_command(theirs) == message


@pytest.mark.parametrize("cls", MESSAGE_CLASSES, ids=lambda cls: cls.message_name)
@settings(max_examples=30)
@given(data=st.data())
def test_pynetdicom_reads_the_same_message(cls: type[Request], data: st.DataObject) -> None:
    message = data.draw(messages_of(cls))
    pdata = P_DATA()
    pdata.presentation_data_value_list.append((1, b"\x03" + encode_command(message)))
    theirs = dimse_messages.DIMSEMessage()
    assert theirs.decode_msg(pdata) is not message.has_data_set
    assert type(theirs).__name__ == message.message_name.replace("-", "_")
    assert theirs.command_set == command_set_of(message)
    primitive = theirs.message_to_primitive()
    if isinstance(message, Response):
        assert primitive.Status == message.status
        assert primitive.MessageIDBeingRespondedTo == message.message_id_being_responded_to
    elif isinstance(message, Request):
        assert primitive.MessageID == message.message_id


# What devices send and cannot change.


@pytest.mark.parametrize(
    "encoded",
    [
        b"".join(ECHO_FIELDS.values()),
        with_group_length(*reversed(ECHO_FIELDS.values())),
        echo_with(**{"class": element(0x0002, b"1.2.840.10008.1.1")}),
        echo_with(length_to_end=element(0x0001, b"\0\0\0\0")),
        echo_with(recognition_code=element(0x0010, b"DICOM/NEMA 3")),
        echo_with(unknown=element(0x7FFE, b"???")),
        echo_with(priority=us_element(0x0700, 0)),
    ],
    ids=["no length", "order", "odd uid", "length to end", "recognition", "unknown", "not its own"],
)
def test_what_devices_send_is_read(encoded: bytes) -> None:
    assert decode_command(encoded) == ECHO


@pytest.mark.parametrize("number", [0x0700, 0x1030, 0x1031])
def test_an_empty_optional_element_is_absent(number: int) -> None:
    assert decode_command(store_with(element(number, b""))) == STORE


@pytest.mark.parametrize(
    "odd",
    [
        us_element(0x0700, 3),
        us_element(0x0700, 0xFFFF),
        element(0x0700, b"\1"),
        element(0x0700, b"\1\0\0\0"),
        element(0x1031, b"\1"),
        element(0x1031, b"\1\0\0\0"),
    ],
)
def test_an_unreadable_optional_element_is_absent(odd: bytes) -> None:
    assert decode_command(store_with(odd)) == STORE


def test_a_missing_priority_is_medium() -> None:
    decoded = decode_command(store_with())
    assert isinstance(decoded, CStoreRQ)
    assert decoded.priority is Priority.MEDIUM


def test_an_empty_uid_is_handed_up_to_be_judged() -> None:
    encoded = echo_with(**{"class": element(0x0002, b"")})
    assert decode_command(encoded) == replace(ECHO, affected_sop_class_uid="")


@pytest.mark.parametrize(
    "odd", [element(0x0901, b"\1\0\2"), element(0x0903, b"\1\0\0\0"), element(0x1021, b"\1")]
)
def test_an_odd_optional_element_of_a_response_is_absent(odd: bytes) -> None:
    encoded = with_group_length(
        us_element(0x0100, 0x8020),
        us_element(0x0120, 3),
        us_element(0x0800, 0x0101),
        us_element(0x0900, 0xA700),
        odd,
    )
    assert decode_command(encoded) == CFindRSP(message_id_being_responded_to=3, status=0xA700)


def test_a_response_is_believed_about_its_data_set() -> None:
    encoded = with_group_length(
        us_element(0x0100, 0x8001),
        us_element(0x0120, 3),
        us_element(0x0800, 0x0000),
        us_element(0x0900, 0),
    )
    assert decode_command(encoded) == CStoreRSP(
        message_id_being_responded_to=3, status=0, has_data_set=True
    )


def test_the_longest_command_set_is_read() -> None:
    tags = tuple(range((MAX_COMMAND_SET_BYTES - 100) // 4))
    request = NGetRQ(
        message_id=1,
        requested_sop_class_uid="1.2",
        requested_sop_instance_uid="1.3",
        attribute_identifier_list=tags,
    )
    assert decode_command(encode_command(request)) == request


# Row D25 and its kin: refused, with an answer where one is possible.

ANSWERED = [
    (
        us_element(0x0000, 0) + echo_with()[12:],
        0x0110,
        "C-ECHO-RQ: Command Group Length (0000,0000) has 2 bytes, not of VR UL",
        "9.3.5.1",
    ),
    (
        element(0x0000, struct.pack("<L", 57)) + echo_with()[12:],
        0x0110,
        "C-ECHO-RQ: Command Group Length (0000,0000) says 57, 56 bytes follow",
        "9.3.5.1",
    ),
    (
        echo_with(field=us_element(0x0100, 0x7777)),
        0x0211,
        "command set: Command Field (0000,0100) 7777H is not defined",
        "E.1",
    ),
    (
        echo_with(**{"class": b""}),
        0x0212,
        "C-ECHO-RQ: Affected SOP Class UID (0000,0002) is absent",
        "9.3.5.1",
    ),
    (
        store_with(data_set_type=0x0101),
        0x0212,
        "C-STORE-RQ: Command Data Set Type (0000,0800) 0101H but a data set is due",
        "9.3.1.1",
    ),
    (
        echo_with(**{"data set": us_element(0x0800, 1)}),
        0x0212,
        "C-ECHO-RQ: Command Data Set Type (0000,0800) announces a data set it never has",
        "9.3.5.1",
    ),
]


@pytest.mark.parametrize(("encoded", "status", "text", "clause"), ANSWERED)
def test_a_wrong_request_is_answered(encoded: bytes, status: int, text: str, clause: str) -> None:
    error = refusal(encoded)
    assert str(error) == f"{text} (PS3.7 section {clause})"
    assert error.status == status
    assert error_response(error) is not None


UNANSWERED = [
    (b"", "command set: Command Field (0000,0100) is absent", "E.1"),
    (
        b"\0" * 7,
        "command set: 7 bytes at offset 0 are no element",
        "6.3.1",
    ),
    (
        echo_with() + b"\0",
        "command set: 1 bytes at offset 68 are no element",
        "6.3.1",
    ),
    (
        element(0x0002, b"1.2\0", length=5),
        "command set: (0000,0002) has 5 bytes of which 4 are there",
        "6.3.1",
    ),
    (
        element(0x0002, b"", length=0xFFFFFFFF),
        "command set: (0000,0002) has 4294967295 bytes of which 0 are there",
        "6.3.1",
    ),
    (
        echo_with(data=element(0x0018, b"1.2\0", group=8)),
        "command set: (0008,0018) is not of group 0000",
        "6.3.1",
    ),
    (
        echo_with(again=us_element(0x0110, 8)),
        "command set: (0000,0110) comes twice",
        "6.3.1",
    ),
    (
        element(0x7FFE, bytes(MAX_COMMAND_SET_BYTES - 7)),
        "command set: 65537 bytes are more than 65536",
        "6.3.1",
    ),
    (
        echo_with(id=b""),
        "C-ECHO-RQ: Message ID (0000,0110) is absent",
        "9.3.5.1",
    ),
    (
        echo_with(id=element(0x0110, b"\7")),
        "C-ECHO-RQ: Message ID (0000,0110) has 1 bytes, not of VR US",
        "9.3.5.1",
    ),
    (
        echo_with(**{"data set": b""}),
        "C-ECHO-RQ: Command Data Set Type (0000,0800) is absent",
        "9.3.5.1",
    ),
    (
        echo_with(field=element(0x0100, b"\x30")),
        "command set: Command Field (0000,0100) has 1 bytes, not of VR US",
        "E.1",
    ),
    (
        echo_with(field=us_element(0x0100, 0x8030)),
        "C-ECHO-RSP: Message ID Being Responded To (0000,0120) is absent",
        "9.3.5.2",
    ),
    (
        echo_with(field=us_element(0x0100, 0x8030), id=us_element(0x0120, 7)),
        "C-ECHO-RSP: Status (0000,0900) is absent",
        "9.3.5.2",
    ),
    (
        echo_with(field=us_element(0x0100, 0xF777)),
        "command set: Command Field (0000,0100) F777H is not defined",
        "E.1",
    ),
    (
        with_group_length(us_element(0x0100, 0x0FFF), us_element(0x0120, 1), us_element(0x0800, 1)),
        "C-CANCEL-RQ: Command Data Set Type (0000,0800) announces a data set it never has",
        "9.3.2.3",
    ),
]


@pytest.mark.parametrize(("encoded", "text", "clause"), UNANSWERED)
def test_what_has_no_addressee_is_not_answered(encoded: bytes, text: str, clause: str) -> None:
    error = refusal(encoded)
    assert str(error) == f"{text} (PS3.7 section {clause})"
    assert error.status is None
    assert error_response(error) is None


def test_the_answer_to_an_unknown_operation() -> None:
    response = error_response(refusal(echo_with(field=us_element(0x0100, 0x7777))))
    assert response == with_group_length(
        VERIFICATION,
        us_element(0x0100, 0xF777),
        us_element(0x0120, 7),
        us_element(0x0800, 0x0101),
        us_element(0x0900, 0x0211),
        element(0x0902, b"Command Field (0000,0100) 7777H is not defined"),
    )


def test_the_answer_to_a_known_operation_is_its_response() -> None:
    error = refusal(store_with(data_set_type=0x0101))
    response = error_response(error)
    assert response is not None
    assert error.has_data_set is False
    assert decode_command(response) == CStoreRSP(
        message_id_being_responded_to=8,
        status=0x0212,
        affected_sop_class_uid="1.2",
        affected_sop_instance_uid="1.3",
        error_comment="Command Data Set Type (0000,0800) 0101H but a data set is due",
    )


def test_a_data_set_that_is_announced_is_known_before_the_answer() -> None:
    error = refusal(echo_with(**{"data set": us_element(0x0800, 1)}))
    assert error.has_data_set is True


def test_an_answer_repeats_no_uid_that_cannot_be_one() -> None:
    encoded = echo_with(field=us_element(0x0100, 0x7777), **{"class": element(0x0002, b"1" * 66)})
    response = error_response(refusal(encoded))
    assert response is not None
    assert b"1" * 66 not in response


@given(st.binary(max_size=120))
def test_any_bytes_are_a_message_or_a_refusal(junk: bytes) -> None:
    with suppress(CommandError):
        decode_command(junk)


# Our own mistakes.


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (
            CEchoRQ(message_id=1, affected_sop_class_uid=""),
            "C-ECHO-RQ: Affected SOP Class UID (0000,0002) is empty",
        ),
        (
            CMoveRQ(message_id=1, affected_sop_class_uid="1.2", move_destination=""),
            "C-MOVE-RQ: Move Destination (0000,0600) is empty",
        ),
        (
            replace(STORE, has_data_set=False),
            "C-STORE-RQ: Command Data Set Type (0000,0800) 0101H but a data set is due",
        ),
        (
            CEchoRSP(message_id_being_responded_to=1, status=0, has_data_set=True),
            "C-ECHO-RSP: Command Data Set Type (0000,0800) announces a data set it never has",
        ),
        (
            CEchoRSP(message_id_being_responded_to=1, status=0, error_comment="ä"),
            "C-ECHO-RSP: Error Comment (0000,0902) cannot be written: ",
        ),
        (replace(ECHO, message_id=65536), "C-ECHO-RQ: Message ID (0000,0110) cannot be written: "),
        (
            CMoveRQ(message_id=1, affected_sop_class_uid="1.2", move_destination="a\\b"),
            "C-MOVE-RQ: Move Destination (0000,0600) cannot be written: ",
        ),
        (
            NCreateRQ(message_id=1, affected_sop_class_uid="1" * 65),
            "N-CREATE-RQ: Affected SOP Class UID (0000,0002) cannot be written: ",
        ),
    ],
)
def test_a_command_that_the_standard_does_not_allow_is_not_encoded(
    command: AnyCommand, text: str
) -> None:
    with pytest.raises(LocalCommandError) as caught:
        encode_command(command)
    assert str(caught.value).startswith(text)
    assert str(caught.value).endswith(f"({command.clause})")
