from pacsd.api.access import Door, Login


def test_a_secret_is_not_in_the_representation() -> None:
    assert "open sesame" not in repr(Login(Door.HTTP, "192.0.2.7", "bearer", "open sesame"))
