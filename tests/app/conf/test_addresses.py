import pytest

from pacsd.app.conf.addresses import caller_addresses, resolve_names
from pacsd.net.peers import Peer


def test_localhost_is_known() -> None:
    assert set(resolve_names(["localhost", "localhost"])["localhost"]) & {"127.0.0.1", "::1"}


def test_a_name_nobody_knows_has_no_address() -> None:
    names = ["no-such-host.invalid", "a..b"]
    assert resolve_names(names) == dict.fromkeys(sorted(names), ())


@pytest.mark.parametrize(
    ("host", "addresses", "callers"),
    [
        ("", (), ()),
        ("192.0.2.7", (), ("192.0.2.7",)),
        ("fe80::1%eth0", (), ("fe80::1",)),
        ("192.0.2.7", ("10.0.0.0/8", "::1"), ("10.0.0.0/8", "::1")),
        ("no-such-host.invalid", (), ()),
    ],
)
def test_caller_addresses(host: str, addresses: tuple[str, ...], callers: tuple[str, ...]) -> None:
    assert caller_addresses(Peer(ae_title="CT1", host=host, addresses=addresses)) == callers


def test_caller_addresses_of_a_name_are_those_it_resolves_to() -> None:
    found = caller_addresses(Peer(ae_title="CT1", host="localhost"))
    assert set(found) & {"127.0.0.1", "::1"}
    assert found == resolve_names(["localhost"])["localhost"]
