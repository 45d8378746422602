import pytest

from pacsd.dicom.status import Status
from pacsd.dimse.commands import CEchoRQ, NGetRQ
from pacsd.dimse.commands_refusal import (
    data_set_problem,
    field_problem,
    refused_bytes,
    refused_command,
)

ELEMENTS = {0x0100: b"\x30\0", 0x0110: b"\7\0", 0x0800: b"\1\1", 0x0002: b"1.2\0", 0x1000: b"1.3\0"}


def test_bytes_that_are_no_command_set_have_no_answer() -> None:
    error = refused_bytes("3 bytes at offset 0 are no element")
    assert error.status is None
    assert str(error) == "command set: 3 bytes at offset 0 are no element (PS3.7 section 6.3.1)"


def test_a_refused_request_keeps_what_its_response_needs() -> None:
    error = refused_command(ELEMENTS, CEchoRQ, "something", Status.MISTYPED_ARGUMENT)
    assert str(error) == "C-ECHO-RQ: something (PS3.7 section 9.3.5.1)"
    assert error.status == 0x0212
    assert (error.command_field, error.message_id, error.has_data_set) == (0x0030, 7, False)
    assert (error.affected_sop_class_uid, error.affected_sop_instance_uid) == ("1.2", "1.3")


def test_a_refused_request_keeps_what_was_requested() -> None:
    elements = {0x0100: b"\x10\1", 0x0110: b"\7\0", 0x0800: b"\0\0", 0x0003: b"1.4", 0x1001: b"1.5"}
    error = refused_command(elements, NGetRQ, "something", Status.MISTYPED_ARGUMENT)
    assert (error.affected_sop_class_uid, error.affected_sop_instance_uid) == ("1.4", "1.5")
    assert error.has_data_set is True


@pytest.mark.parametrize(
    "change",
    [
        {0x0110: b""},
        {0x0110: b"\7\0\0\0"},
        {0x0800: b"\1"},
        {0x0100: b"\x30\x80"},
        {0x0100: b"\xff\x0f"},
        {0x0100: b""},
    ],
    ids=["no id", "long id", "no data set type", "response", "cancel", "no command field"],
)
def test_without_an_addressee_there_is_no_answer(change: dict[int, bytes]) -> None:
    error = refused_command(ELEMENTS | change, None, "something", Status.UNRECOGNIZED_OPERATION)
    assert error.status is None
    assert str(error) == "command set: something (PS3.7 section E.1)"


@pytest.mark.parametrize(
    ("elements", "field", "problem"),
    [
        ({}, "message_id", "Message ID (0000,0110) is absent"),
        ({0x0110: b"\1"}, "message_id", "Message ID (0000,0110) has 1 bytes, not of VR US"),
        ({0x0700: b"\3\0"}, "priority", "Priority (0000,0700) 0003H is not defined"),
        (
            {0x1005: b"\3\0"},
            "attribute_identifier_list",
            "Attribute Identifier List (0000,1005) has 2 bytes, not of VR AT",
        ),
    ],
)
def test_the_problem_names_field_and_value(
    elements: dict[int, bytes], field: str, problem: str
) -> None:
    assert field_problem(elements, field) == problem


def test_a_wrong_word_about_the_data_set() -> None:
    announced, denied = data_set_problem(has_data_set=True), data_set_problem(has_data_set=False)
    assert announced == "Command Data Set Type (0000,0800) announces a data set it never has"
    assert denied == "Command Data Set Type (0000,0800) 0101H but a data set is due"
