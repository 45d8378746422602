from pacsd.app.addresses import resolve_names


def test_localhost_is_known() -> None:
    assert set(resolve_names(["localhost", "localhost"])["localhost"]) & {"127.0.0.1", "::1"}


def test_a_name_nobody_knows_has_no_address() -> None:
    names = ["no-such-host.invalid", "a..b"]
    assert resolve_names(names) == dict.fromkeys(sorted(names), ())
