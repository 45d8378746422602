from pacsd.api.health import Health


def test_who_is_well_explains_nothing() -> None:
    assert Health(is_well=True).explanation == ""
