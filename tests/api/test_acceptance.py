from dataclasses import fields

from pacsd.api.acceptance import AssociationRequest, Refusal


def test_a_request_holds_no_field_of_the_user_identity_but_its_type() -> None:
    names = {field.name for field in fields(AssociationRequest)}
    assert {name for name in names if "identity" in name} == {"user_identity_type"}


def test_a_refusal_is_a_value() -> None:
    assert Refusal(1, 1, 3, "unknown") == Refusal(1, 1, 3, "unknown")
