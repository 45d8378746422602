import pytest
from pynetdicom.pdu import A_ASSOCIATE_RJ

from pacsd.ul.pdu import AssociateRJ
from pacsd.ul.rejection import (
    ACSEReason,
    PresentationReason,
    UserReason,
    describe,
    rejected_by_acse,
    rejected_by_user,
    rejected_for_now,
)

ALL = [
    *map(rejected_by_user, UserReason),
    *map(rejected_by_acse, ACSEReason),
    *map(rejected_for_now, PresentationReason),
]


def test_codes() -> None:
    assert rejected_by_user(UserReason.CALLED_AE_TITLE_NOT_RECOGNIZED) == AssociateRJ(1, 1, 7)
    assert rejected_by_acse(ACSEReason.PROTOCOL_VERSION_NOT_SUPPORTED) == AssociateRJ(1, 2, 2)
    assert rejected_for_now(PresentationReason.LOCAL_LIMIT_EXCEEDED) == AssociateRJ(2, 3, 2)


@pytest.mark.parametrize("rejection", ALL, ids=describe)
def test_words_are_pynetdicoms(rejection: AssociateRJ) -> None:
    pdu = A_ASSOCIATE_RJ()
    pdu.result, pdu.source, pdu.reason_diagnostic = (
        rejection.result,
        rejection.source,
        rejection.reason,
    )
    words = describe(rejection).lower().replace("recognized", "recognised")
    assert words.endswith(": " + pdu.reason_str.lower())
    assert f"rejected {words.split(',')[0].split()[-1]}" == (
        pdu.result_str.lower().replace("(", "").replace(")", "")
    )


def test_reserved_values_have_words_too() -> None:
    assert describe(AssociateRJ(9, 8, 7)) == (
        "rejected reserved value 9, by the reserved value 8: reason 7"
    )
    assert describe(AssociateRJ(1, 1, 99)) == (
        "rejected permanent, by the service user: reserved value 99"
    )
