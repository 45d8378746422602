from dataclasses import fields

import pytest

from pacsd.api.acceptance import AssociationRequest, Refusal


def test_a_request_holds_no_field_of_the_user_identity_but_its_type() -> None:
    names = {field.name for field in fields(AssociationRequest)}
    assert {name for name in names if "identity" in name} == {"user_identity_type"}


def test_a_refusal_is_a_value() -> None:
    assert Refusal(1, 1, 3, "unknown") == Refusal(1, 1, 3, "unknown")


@pytest.mark.parametrize(
    ("result", "source", "reason"), [(0, 1, 1), (3, 1, 1), (1, 0, 1), (1, 1, 4), (2, 2, 3)]
)
def test_what_the_table_does_not_have_cannot_be_sent(result: int, source: int, reason: int) -> None:
    with pytest.raises(
        ValueError, match=rf"result {result}, source {source}, reason {reason}: not"
    ):
        Refusal(result, source, reason, "")
