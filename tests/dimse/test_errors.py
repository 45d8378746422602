from pacsd.dimse.errors import CommandError, DimseError, LocalCommandError, MessageOrderError


def test_every_error_of_the_room_is_a_dimse_error() -> None:
    for error in (CommandError, LocalCommandError, MessageOrderError):
        assert issubclass(error, DimseError)


def test_a_refusal_names_message_field_and_clause() -> None:
    error = CommandError("C-ECHO-RQ", "Message ID (0000,0110) is absent", "PS3.7 section 9.3.5.1")
    assert str(error) == "C-ECHO-RQ: Message ID (0000,0110) is absent (PS3.7 section 9.3.5.1)"
    assert error.comment == "Message ID (0000,0110) is absent"


def test_a_refusal_is_not_answerable_unless_it_says_so() -> None:
    error = CommandError("command set", "9 bytes at offset 0 are no element", "PS3.7")
    assert error.status is None
    assert error.command_field is None
    assert error.message_id is None
    assert error.has_data_set is None
    assert error.affected_sop_class_uid == error.affected_sop_instance_uid == ""
