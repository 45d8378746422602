from dataclasses import FrozenInstanceError

import pytest

from pacsd.dimse.commands import CEchoRQ, CFindRQ, CStoreRQ, NCreateRQ, NGetRQ
from pacsd.dimse.commands_base import Priority, Request


def test_priority_has_the_values_of_the_standard() -> None:
    # PS3.7 section E.1, (0000,0700)
    assert {priority.name: int(priority) for priority in Priority} == {
        "LOW": 2,
        "MEDIUM": 0,
        "HIGH": 1,
    }


@pytest.mark.parametrize(
    ("request_", "sop_class_uid", "sop_instance_uid"),
    [
        (CEchoRQ(message_id=1, affected_sop_class_uid="1.1"), "1.1", ""),
        (CFindRQ(message_id=1, affected_sop_class_uid="1.2"), "1.2", ""),
        (
            CStoreRQ(message_id=1, affected_sop_class_uid="1.3", affected_sop_instance_uid="1.4"),
            "1.3",
            "1.4",
        ),
        (NCreateRQ(message_id=1, affected_sop_class_uid="1.5"), "1.5", ""),
        (
            NGetRQ(message_id=1, requested_sop_class_uid="1.6", requested_sop_instance_uid="1.7"),
            "1.6",
            "1.7",
        ),
    ],
)
def test_a_request_names_its_class_and_instance_whichever_field_holds_them(
    request_: Request, sop_class_uid: str, sop_instance_uid: str
) -> None:
    assert request_.sop_class_uid == sop_class_uid
    assert request_.sop_instance_uid == sop_instance_uid


def test_a_message_is_frozen() -> None:
    request = CEchoRQ(message_id=1, affected_sop_class_uid="1.1")
    with pytest.raises(FrozenInstanceError):
        request.message_id = 2  # type: ignore[misc]  # what is being tested
