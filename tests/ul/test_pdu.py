import pytest
from pynetdicom import pdu as theirs

from pacsd.ul.pdu import HEADER_LENGTH, PDV, PDV_HEADER_LENGTH, Abort, PDUType

PYNETDICOM = {
    PDUType.ASSOCIATE_RQ: theirs.A_ASSOCIATE_RQ,
    PDUType.ASSOCIATE_AC: theirs.A_ASSOCIATE_AC,
    PDUType.ASSOCIATE_RJ: theirs.A_ASSOCIATE_RJ,
    PDUType.P_DATA_TF: theirs.P_DATA_TF,
    PDUType.RELEASE_RQ: theirs.A_RELEASE_RQ,
    PDUType.RELEASE_RP: theirs.A_RELEASE_RP,
    PDUType.ABORT: theirs.A_ABORT_RQ,
}


@pytest.mark.parametrize("pdu_type", PDUType)
def test_pdu_types_are_pynetdicoms(pdu_type: PDUType) -> None:
    assert PYNETDICOM[pdu_type]().pdu_type == pdu_type


def test_header_lengths_are_pynetdicoms() -> None:
    pdu = theirs.P_DATA_TF()
    pdu.decode(bytes.fromhex("04 00 00000006 00000002 01 02"))
    assert len(pdu) == HEADER_LENGTH + PDV_HEADER_LENGTH


def test_abort_is_the_users_by_default() -> None:
    assert Abort() == Abort(source=0, reason=0)


def test_pdv_can_be_unpacked() -> None:
    context_id, is_command, is_last, data = PDV(1, is_command=True, is_last=False, data=b"x")
    assert (context_id, is_command, is_last, data) == (1, True, False, b"x")
