import pytest

from pacsd.api.access import Door, Login, Restriction


def test_a_secret_is_not_in_the_representation() -> None:
    assert "open sesame" not in repr(Login(Door.HTTP, "192.0.2.7", "bearer", "open sesame"))


@pytest.mark.parametrize(
    "conditions", [{}, {"PatientID": ("",)}, {"PatientID": ("1", " ")}, {"PatientID": ("1\\2",)}]
)
def test_what_restricts_nothing_is_no_restriction(conditions: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ValueError, match=r"PatientID|conditions"):
        Restriction(conditions)


def test_whoever_may_see_nothing_is_restricted_to_no_value() -> None:
    assert Restriction({"PatientID": ()}).conditions == {"PatientID": ()}
