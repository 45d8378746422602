from pacsd.api.config_change import ConfigChange


def test_nothing_has_changed_unless_it_is_named() -> None:
    assert ConfigChange() == ConfigChange((), ())
    assert ConfigChange(("plugins.acme.depth",)).keys_for_restart == ()
