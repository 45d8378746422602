from pacsd.dimse.commands import CMoveRSP
from pacsd.net import errors
from pacsd.ul.pdu import AssociateRJ


def test_a_rejection_says_its_words_and_its_numbers() -> None:
    told = str(errors.Rejected(AssociateRJ(1, 1, 3)))
    assert "calling AE title not recognized" in told
    assert told.endswith("[RJ(1,1,3)]")


def test_an_abort_says_who_and_why() -> None:
    assert str(errors.Aborted(2, 6)).endswith("[AB(2,6)]")


def test_all_are_one_family() -> None:
    family = {errors.NotConnected, errors.Rejected, errors.Aborted, errors.ConnectionLost}
    family |= {errors.ProtocolBroken, errors.NotAccepted, errors.PoolFull}
    assert all(issubclass(each, errors.AssociationError) for each in family)


def test_a_failed_operation_says_what_its_status_means_in_that_operation() -> None:
    response = CMoveRSP(message_id_being_responded_to=1, status=0xA801, error_comment="no such\nAE")
    failed = errors.OperationFailed(response, b"data set", "move")
    assert str(failed) == "C-MOVE: A801 Move destination unknown (failure): no such\\nAE"
    assert (failed.status, failed.data_set) == (0xA801, b"data set")
    assert not isinstance(failed, errors.AssociationError)
