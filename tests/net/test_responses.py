from pacsd.dicom.status import Status
from pacsd.dimse.commands import CFindRQ, CFindRSP, CMoveRQ, CMoveRSP
from pacsd.net.responses import response_of
from pacsd.net.storage import DimseAnswer, SubOperationCounts

FIND = CFindRQ(message_id=1, affected_sop_class_uid="1.2")
MOVE = CMoveRQ(message_id=1, affected_sop_class_uid="1.2", move_destination="AE")


def test_a_status_alone() -> None:
    response = response_of(FIND, DimseAnswer(Status.SUCCESS))
    assert response == CFindRSP(
        message_id_being_responded_to=1, status=0, affected_sop_class_uid="1.2"
    )


def test_a_refusal_says_why_and_of_what() -> None:
    response = response_of(FIND, DimseAnswer(Status.DATA_SET_MISMATCH, "no value", (0x0020000D,)))
    assert (response.error_comment, response.offending_elements) == ("no value", (0x0020000D,))


def test_an_answer_with_a_data_set_says_so() -> None:
    assert response_of(FIND, DimseAnswer(Status.PENDING, data_set=b"")).has_data_set
    assert not response_of(FIND, DimseAnswer(Status.PENDING)).has_data_set


def test_counts_of_sub_operations() -> None:
    running = response_of(MOVE, DimseAnswer(Status.PENDING, counts=SubOperationCounts(4, 3, 2, 1)))
    assert isinstance(running, CMoveRSP)
    assert (
        running.number_of_remaining_suboperations,
        running.number_of_completed_suboperations,
        running.number_of_failed_suboperations,
        running.number_of_warning_suboperations,
    ) == (4, 3, 2, 1)
    ended = response_of(MOVE, DimseAnswer(Status.SUCCESS, counts=SubOperationCounts(None, 3, 0, 0)))
    assert isinstance(ended, CMoveRSP)
    assert ended.number_of_remaining_suboperations is None
