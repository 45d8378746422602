import pytest
from pydantic import ValidationError

from pacsd.net.endpoint import Endpoint
from pacsd.net.peers import Admission, Guest, Peer, PeerBook


def peer(**values: object) -> Peer:
    return Peer.model_validate({"ae_title": "CT1", **values})


def refused_keys(**values: object) -> list[tuple[object, ...]]:
    with pytest.raises(ValidationError) as caught:
        peer(**values)
    return [details["loc"] for details in caught.value.errors()]


def test_every_key_is_documented() -> None:
    assert all(field.description for field in Peer.model_fields.values())


def test_parse_reads_the_option() -> None:
    parsed = Peer.parse("A=B=[::1]:104")
    assert (parsed.ae_title, parsed.endpoint) == ("A=B", Endpoint("::1", 104))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("CT1", "AET=HOST:PORT"),
        ("CT1=host", "HOST:PORT"),
        ("=host:1", "1 to 16 characters"),
        ("ABCDEFGHIJKLMNOPQ=host:1", "1 to 16 characters"),
    ],
)
def test_parse_refuses(text: str, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        Peer.parse(text)


def test_endpoint_needs_host_and_port() -> None:
    assert peer(host="ct", port=11112).endpoint == Endpoint("ct", 11112)
    assert peer(host="ct").endpoint == Endpoint("ct", 104)
    assert peer(host="ct", port=0).endpoint is None
    assert peer().endpoint is None


def test_move_destination_needs_an_endpoint() -> None:
    assert refused_keys(move_destination=True) == [("move_destination",)]
    assert refused_keys(host="ct", port=0, move_destination=True) == [("move_destination",)]
    assert peer(host="ct", move_destination=True).move_destination


def test_wrong_hosts_and_addresses_are_refused() -> None:
    assert refused_keys(host="c t") == [("host",)]
    assert refused_keys(addresses=["10.0.0.1", "10.0.0.1/8", "ct"]) == [
        ("addresses", 1),
        ("addresses", 2),
    ]


@pytest.mark.parametrize(
    ("values", "has_range"),
    [
        ({}, False),
        ({"host": "ct"}, True),
        ({"host": "10.0.0.1"}, True),
        ({"addresses": ["10.0.0.0/8", "::1"]}, True),
        ({"addresses": ["10.0.0.0/8", "0.0.0.0/0"]}, False),
        ({"addresses": ["::ffff:10.0.0.0/104"]}, True),
        ({"addresses": ["::ffff:0.0.0.0/96"]}, False),
    ],
)
def test_has_address_range(values: dict[str, object], has_range: bool) -> None:
    assert peer(**values).has_address_range is has_range


def test_unknown_ae_title() -> None:
    book = PeerBook([peer()])
    assert book.find("CT2") is None
    assert book.admits("CT2", "10.0.0.1") is Admission.UNKNOWN_AE_TITLE
    assert book.admits("ct1", "10.0.0.1") is Admission.UNKNOWN_AE_TITLE


@pytest.mark.parametrize(
    ("values", "right", "wrong"),
    [
        ({"addresses": ["10.1.0.0/16", "fd00::/8"]}, "10.1.2.3", "10.2.0.0"),
        ({"addresses": ["::ffff:10.1.0.0/112"]}, "10.1.2.3", "10.2.0.0"),
        ({"addresses": ["10.1.0.0/16", "fd00::/8"]}, "fd00::5%eth0", "fe80::5"),
        ({"host": "10.1.2.3"}, "10.1.2.3", "10.1.2.4"),
        ({"host": "10.1.2.3"}, "::ffff:10.1.2.3", "::ffff:10.1.2.4"),
        ({"host": "ct.example.org"}, "192.0.2.7", "192.0.2.8"),
        ({"host": "10.1.2.3", "addresses": ["10.9.9.9"]}, "10.9.9.9", "10.1.2.3"),
    ],
)
def test_known_peer_from_right_and_wrong_address(
    values: dict[str, object], right: str, wrong: str
) -> None:
    book = PeerBook([peer(**values)], {"ct.example.org": ("192.0.2.7", "2001:db8::7")})
    assert book.admits("CT1", right) is Admission.KNOWN
    assert book.admits("CT1", wrong) is Admission.WRONG_ADDRESS
    assert book.admits("CT1", "not an address") is Admission.WRONG_ADDRESS


def test_peer_without_host_and_addresses_may_call_from_anywhere() -> None:
    assert PeerBook([peer()]).admits("CT1", "203.0.113.9") is Admission.KNOWN


@pytest.mark.parametrize("resolved", [{}, {"ct.example.org": ()}])
def test_host_name_nobody_knows_admits_no_caller(resolved: dict[str, tuple[str, ...]]) -> None:
    book = PeerBook([peer(host="ct.example.org")], resolved)
    assert book.admits("CT1", "192.0.2.7") is Admission.UNRESOLVED
    assert book.unresolved == ("ct.example.org",)


def test_a_name_may_have_addresses_of_both_ip_versions() -> None:
    book = PeerBook([peer(host="ct.example.org")], {"ct.example.org": ("192.0.2.7", "2001:db8::7")})
    for address in ("192.0.2.7", "::ffff:192.0.2.7", "2001:db8::7", "2001:DB8:0::7"):
        assert book.admits("CT1", address) is Admission.KNOWN
    assert book.admits("CT1", "2001:db8::8") is Admission.WRONG_ADDRESS


def test_known_addresses_of_a_name_outlive_an_outage_of_the_name_service() -> None:
    peers = [peer(host="ct"), peer(ae_title="MR1", host="mr"), peer(ae_title="US1", host="us")]
    before = PeerBook(peers, {"ct": ("192.0.2.7", "2001:db8::7"), "mr": ("192.0.2.8",)})
    outage = PeerBook(peers, {"ct": (), "mr": ("192.0.2.9",)}).with_known(before)
    later = PeerBook(peers).with_known(outage)
    assert outage.admits("CT1", "192.0.2.7") is Admission.KNOWN
    assert outage.admits("CT1", "2001:db8::7") is Admission.KNOWN
    assert outage.admits("CT1", "192.0.2.8") is Admission.WRONG_ADDRESS
    assert outage.admits("MR1", "192.0.2.8") is Admission.WRONG_ADDRESS
    assert outage.admits("MR1", "192.0.2.9") is Admission.KNOWN
    assert outage.admits("US1", "192.0.2.7") is Admission.UNRESOLVED
    assert outage.unresolved == ("us",)
    assert later.admits("CT1", "192.0.2.7") is Admission.KNOWN
    assert later.admits("MR1", "192.0.2.9") is Admission.KNOWN


def test_known_addresses_belong_to_the_name_not_to_the_ae_title() -> None:
    before = PeerBook([peer(host="ct")], {"ct": ("192.0.2.7",)})
    moved = PeerBook([peer(host="other")]).with_known(before)
    assert moved.admits("CT1", "192.0.2.7") is Admission.UNRESOLVED
    gone = PeerBook().with_known(before)
    assert gone.admits("CT1", "192.0.2.7") is Admission.UNKNOWN_AE_TITLE


def test_iteration_and_destination() -> None:
    sender, target = peer(), peer(ae_title="WS1", host="ws", move_destination=True)
    book = PeerBook([sender, target])
    assert list(book) == [sender, target]
    assert len(book) == 2
    assert book.destination("WS1") == target
    assert book.destination("CT1") is None
    assert book.destination("CT2") is None
    assert book.unresolved == ("ws",)


def test_an_ae_title_is_given_once() -> None:
    with pytest.raises(ValueError, match="'CT1': given twice"):
        PeerBook([peer(), peer()])


def test_a_guest_is_one_peer_more() -> None:
    book = PeerBook([Peer(ae_title="CT1", host="scanner")], {"scanner": ["192.0.2.1"]})
    more = book.with_guest(Guest(ae_title="GUEST", host="127.0.0.1"))
    assert [peer.ae_title for peer in more] == ["CT1", "GUEST"]
    assert more.admits("CT1", "192.0.2.1") is Admission.KNOWN
    assert [peer.ae_title for peer in more.without("GUEST")] == ["CT1"]
    assert more.without("GUEST").admits("CT1", "192.0.2.1") is Admission.KNOWN
    with pytest.raises(ValueError, match="given twice"):
        more.with_guest(Guest(ae_title="CT1"))
