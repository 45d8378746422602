import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.net.endpoint import (
    MAX_PORT,
    REMEMBERED_ADDRESSES,
    Endpoint,
    check_host,
    literal_address,
)

hosts = st.one_of(
    st.ip_addresses().map(str),
    st.from_regex(r"[a-z][a-z0-9]{0,20}(\.[a-z][a-z0-9]{0,10}){0,3}", fullmatch=True),
)


@given(hosts, st.integers(0, MAX_PORT))
def test_text_and_endpoint_are_inverse(host: str, port: int) -> None:
    endpoint = Endpoint(host, port)
    assert Endpoint.parse(str(endpoint)) == endpoint


def test_ipv6_is_bracketed() -> None:
    assert Endpoint.parse("[::1]:11112") == Endpoint("::1", 11112)
    assert str(Endpoint("::1", 11112)) == "[::1]:11112"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("11112", "HOST:PORT"),
        (":11112", "HOST:PORT"),
        ("localhost", "HOST:PORT"),
        ("localhost:", "port must be a number"),
        ("localhost:65536", "0 to 65535"),
        ("localhost:-1", "port must be a number"),
        ("localhost:\u0661", "port must be a number"),
        ("::1:11112", "stands in brackets"),
        ("ho st:1", "host must be"),
        ("10.0.0.256:1", "host must be"),
        ("10.0.0:1", "host must be"),
        ("-a:1", "host must be"),
        (f"{'a' * 64}:1", "host must be"),
        (f"{'a.' * 130}a:1", "host must be"),
    ],
)
def test_refusal_names_the_rule(text: str, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        Endpoint.parse(text)


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("LOCALHOST.", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example.org", False),
    ],
)
def test_is_loopback(host: str, is_loopback: bool) -> None:
    assert Endpoint(host, 1).is_loopback is is_loopback


def test_literal_address_sees_through_mapped_and_scoped() -> None:
    assert str(literal_address("::ffff:10.0.0.1")) == "10.0.0.1"
    assert str(literal_address("fe80::1%eth0")) == "fe80::1"
    assert literal_address("ct1.example.org") is None


def test_check_host_returns_the_host() -> None:
    assert check_host("ct1.example.org") == "ct1.example.org"


def test_remembered_addresses_are_bounded() -> None:
    for number in range(2 * REMEMBERED_ADDRESSES):
        assert literal_address(f"10.0.{number // 256}.{number % 256}") is not None
    assert literal_address.cache_info().currsize == REMEMBERED_ADDRESSES
