"""Fuzz entry of the command set decoder: only CommandError may come out of it."""

import pytest

from pacsd.dimse.command_codec import decode_command, encode_command, error_response
from pacsd.dimse.commands import (
    CCancelRQ,
    CFindRQ,
    CMoveRQ,
    CMoveRSP,
    CStoreRQ,
    NActionRQ,
    NCreateRQ,
    NEventReportRQ,
    NGetRQ,
    response_to,
)
from pacsd.dimse.errors import CommandError
from tests.fuzz.campaign import long_iterations, run

STORE = CStoreRQ(
    message_id=1,
    affected_sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
    affected_sop_instance_uid="1.2.826.0.1.3680043.8.498.1",
    move_originator_ae_title="MOVER",
    move_originator_message_id=9,
)
ACTION = NActionRQ(
    message_id=2,
    requested_sop_class_uid="1.2.840.10008.1.20.1",
    requested_sop_instance_uid="1.2.840.10008.1.20.1.1",
    action_type_id=1,
)
MOVE = CMoveRQ(
    message_id=3,
    affected_sop_class_uid="1.2.840.10008.5.1.4.1.2.2.2",
    move_destination="DESTINATION",
)
CORPUS = [
    encode_command(command)
    for command in (
        STORE,
        response_to(STORE, 0xA900, offending_elements=(0x00080018,), error_comment="no match"),
        ACTION,
        response_to(ACTION, 0x0110, error_id=7, has_data_set=True),
        MOVE,
        CMoveRSP(
            message_id_being_responded_to=3,
            status=0xFF00,
            number_of_remaining_suboperations=3,
            number_of_completed_suboperations=2,
            number_of_failed_suboperations=1,
            number_of_warning_suboperations=0,
        ),
        CFindRQ(message_id=4, affected_sop_class_uid="1.2.840.10008.5.1.4.31"),
        CCancelRQ(message_id_being_responded_to=4),
        NGetRQ(
            message_id=5,
            requested_sop_class_uid="1.2",
            requested_sop_instance_uid="1.3",
            attribute_identifier_list=(0x00100010, 0x00100020),
        ),
        NCreateRQ(message_id=6, affected_sop_class_uid="1.2.840.10008.3.1.2.3.3"),
        NEventReportRQ(
            message_id=7,
            affected_sop_class_uid="1.2",
            affected_sop_instance_uid="1.3",
            event_type_id=1,
        ),
    )
]


def decode_and_answer(data: bytes) -> object:
    """What a session does with a command set; a refusal must be printable and answerable."""
    try:
        return decode_command(data)
    except CommandError as error:
        response = error_response(error)
        if (response is None) is not (error.status is None) or not str(error).isprintable():
            raise TypeError(f"refused as {error.status}, answered with {response!r}") from error
        raise


def test_a_slice() -> None:
    report = run(decode_and_answer, CORPUS, (CommandError,), iterations=3_000, seed=1)
    assert report.parsed > len(CORPUS)


@pytest.mark.fuzz
@pytest.mark.timeout(0)
def test_a_campaign() -> None:
    run(decode_and_answer, CORPUS, (CommandError,), iterations=long_iterations(), seed=2)
