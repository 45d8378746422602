import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.status import Status
from pacsd.dimse.commands import (
    MAX_ERROR_COMMENT_LENGTH,
    CCancelRQ,
    CEchoRQ,
    CEchoRSP,
    CFindRQ,
    CMoveRQ,
    CMoveRSP,
    CStoreRQ,
    CStoreRSP,
    NActionRQ,
    NActionRSP,
    NEventReportRQ,
    NEventReportRSP,
    NSetRQ,
    NSetRSP,
    Request,
    fit_error_comment,
    response_to,
)
from tests.dimse.command_strategies import MESSAGE_CLASSES, REQUEST_CLASSES

ECHO = CEchoRQ(message_id=7, affected_sop_class_uid="1.2.840.10008.1.1")


def test_there_are_the_23_messages_of_the_standard() -> None:
    # PS3.7 tables 9.3-1 to 9.3-13 and 10.3-1 to 10.3-12
    assert len(MESSAGE_CLASSES) == 23
    assert len({cls.command_field for cls in MESSAGE_CLASSES}) == 23


@pytest.mark.parametrize("cls", MESSAGE_CLASSES, ids=lambda cls: cls.message_name)
def test_the_class_is_named_as_the_message(cls: type[Request]) -> None:
    assert cls.__name__.upper() == cls.message_name.replace("-", "")
    assert cls.clause in str(cls.__doc__)


@pytest.mark.parametrize("cls", REQUEST_CLASSES, ids=lambda cls: cls.message_name)
def test_a_request_is_answered_by_the_response_of_its_operation(cls: type[Request]) -> None:
    assert cls.response_type.command_field == cls.command_field | 0x8000
    assert cls.response_type.message_name == cls.message_name.replace("-RQ", "-RSP")


def test_a_store_says_by_itself_that_a_data_set_follows() -> None:
    assert CStoreRQ(
        message_id=1, affected_sop_class_uid="1.2", affected_sop_instance_uid="1.3"
    ).has_data_set
    assert CFindRQ(message_id=1, affected_sop_class_uid="1.2").has_data_set
    assert not ECHO.has_data_set
    assert not CCancelRQ(message_id_being_responded_to=1).has_data_set


def test_a_response_repeats_message_id_and_class() -> None:
    assert response_to(ECHO, Status.SUCCESS) == CEchoRSP(
        message_id_being_responded_to=7, status=0, affected_sop_class_uid="1.2.840.10008.1.1"
    )


def test_a_response_repeats_the_affected_instance() -> None:
    request = CStoreRQ(message_id=8, affected_sop_class_uid="1.2", affected_sop_instance_uid="1.3")
    assert response_to(
        request, 0xA900, offending_elements=(0x00080018,), error_comment="UID differs"
    ) == CStoreRSP(
        message_id_being_responded_to=8,
        status=0xA900,
        affected_sop_class_uid="1.2",
        affected_sop_instance_uid="1.3",
        offending_elements=(0x00080018,),
        error_comment="UID differs",
    )


def test_what_was_requested_is_affected_in_the_response() -> None:
    request = NSetRQ(message_id=9, requested_sop_class_uid="1.2", requested_sop_instance_uid="1.3")
    assert response_to(request, 0, has_data_set=True) == NSetRSP(
        message_id_being_responded_to=9,
        status=0,
        affected_sop_class_uid="1.2",
        affected_sop_instance_uid="1.3",
        has_data_set=True,
    )


def test_action_and_event_type_are_repeated() -> None:
    action = NActionRQ(
        message_id=1,
        requested_sop_class_uid="1.2",
        requested_sop_instance_uid="1.3",
        action_type_id=4,
    )
    event = NEventReportRQ(
        message_id=1,
        affected_sop_class_uid="1.2",
        affected_sop_instance_uid="1.3",
        event_type_id=5,
    )
    answered_action, answered_event = response_to(action, 0), response_to(event, 0)
    assert isinstance(answered_action, NActionRSP)
    assert answered_action.action_type_id == 4
    assert isinstance(answered_event, NEventReportRSP)
    assert answered_event.event_type_id == 5


def test_a_move_response_counts_sub_operations() -> None:
    request = CMoveRQ(message_id=1, affected_sop_class_uid="1.2", move_destination="DEST")
    response = response_to(
        request,
        Status.PENDING,
        number_of_remaining_suboperations=3,
        number_of_completed_suboperations=2,
        number_of_failed_suboperations=1,
        number_of_warning_suboperations=0,
    )
    assert isinstance(response, CMoveRSP)
    assert response.number_of_remaining_suboperations == 3
    assert response.number_of_warning_suboperations == 0


def test_a_uid_too_long_to_be_one_is_not_repeated() -> None:
    request = CStoreRQ(
        message_id=1, affected_sop_class_uid="1" * 64, affected_sop_instance_uid="1" * 65
    )
    response = response_to(request, Status.INVALID_SOP_INSTANCE)
    assert response.affected_sop_class_uid == "1" * 64
    assert response.affected_sop_instance_uid == ""


@pytest.mark.parametrize(
    ("text", "fitted"),
    [
        ("disk full", "disk full"),
        (" padded ", "padded"),
        (r"C:\data", "C://data"),
        ("two\nlines", "two/nlines"),
        ("Größe", "Gr/xf6/xdfe"),
        ("x" * 70, "x" * 61 + "..."),
        ("", ""),
    ],
)
def test_any_text_is_fitted_to_an_error_comment(text: str, fitted: str) -> None:
    assert fit_error_comment(text) == fitted
    assert response_to(ECHO, 0x0110, error_comment=text).error_comment == fitted


@given(st.text())
def test_an_error_comment_is_one_short_line_of_ascii(text: str) -> None:
    fitted = fit_error_comment(text)
    assert len(fitted) <= MAX_ERROR_COMMENT_LENGTH
    assert not fitted or (fitted.isascii() and fitted.isprintable())
    assert "\\" not in fitted
