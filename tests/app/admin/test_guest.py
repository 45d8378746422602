"""Guests of a gatekeeper, without a daemon."""

import anyio
import pytest

from pacsd.app.admin import guest
from pacsd.app.admin.guest import Guests
from pacsd.app.admin.unix_socket import AdminError
from pacsd.net.admission import Admitted, Gatekeeper, Refused
from pacsd.net.ae import ApplicationEntity
from pacsd.net.endpoint import Endpoint
from pacsd.net.peers import Admission, Peer, PeerBook
from pacsd.net.places import Places
from pacsd.net.settings import AESettings, DimseSettings
from pacsd.ul.items import UserInformation
from pacsd.ul.pdu import AssociateRQ


@pytest.fixture
def gatekeeper() -> Gatekeeper:
    book = PeerBook([Peer(ae_title="KNOWN", host="192.0.2.1")])
    own = ApplicationEntity.of(AESettings(calling_ae_titles=("KNOWN",)), DimseSettings())
    return Gatekeeper({"PACSD": own}, book, Places(10, 0), 10)


def guests_of(gatekeeper: Gatekeeper, *listens: str) -> Guests:
    return Guests(gatekeeper, lambda: map(Endpoint.parse, listens))


def admit(guests: Guests, **arguments: object) -> None:
    guests.commands["guest.admit"](arguments)


async def test_a_guest_may_call_from_loopback_and_be_sent_to(gatekeeper: Gatekeeper) -> None:
    guests = guests_of(gatekeeper)
    admit(guests, ae_title="GUEST", port=1234)
    peers = gatekeeper.peers
    assert peers.admits("GUEST", "127.0.0.1") is Admission.KNOWN
    assert peers.admits("GUEST", "192.0.2.7") is Admission.WRONG_ADDRESS
    found = peers.destination("GUEST")
    assert found is not None
    assert str(found.endpoint) == "127.0.0.1:1234"
    assert peers.find("KNOWN") is not None
    guests.commands["guest.dismiss"]({})
    assert gatekeeper.peers.find("GUEST") is None
    assert gatekeeper.peers.find("KNOWN") is not None


async def test_a_guest_may_call_from_where_we_listen(gatekeeper: Gatekeeper) -> None:
    guests = guests_of(gatekeeper, "192.0.2.9:104", "[2001:db8::1]:104", "0.0.0.0:104", "[::]:104")
    admit(guests, ae_title="GUEST", port=1234)
    admits = gatekeeper.peers.admits
    for address in ("127.0.0.1", "::1", "192.0.2.9", "::ffff:192.0.2.9", "2001:db8::1"):
        assert admits("GUEST", address) is Admission.KNOWN
    for address in ("192.0.2.8", "192.0.2.10", "2001:db8::2", "0.0.0.0"):
        assert admits("GUEST", address) is Admission.WRONG_ADDRESS


async def test_a_guest_may_call_one_that_lists_its_callers(gatekeeper: Gatekeeper) -> None:
    admit(guests_of(gatekeeper), ae_title="GUEST", port=1234)
    request = AssociateRQ("PACSD", "GUEST", (), UserInformation())
    assert isinstance(gatekeeper.decide(request, "127.0.0.1"), Admitted)
    assert isinstance(gatekeeper.decide(request, "192.0.2.1"), Refused)


async def test_the_next_guest_takes_the_place_of_the_last(gatekeeper: Gatekeeper) -> None:
    guests = guests_of(gatekeeper)
    admit(guests, ae_title="ONE", port=1)
    admit(guests, ae_title="TWO", port=2)
    assert [peer.ae_title for peer in gatekeeper.peers] == ["KNOWN", "TWO"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"ae_title": "KNOWN", "port": 1},
        {"ae_title": "x" * 17, "port": 1},
        {"ae_title": None, "port": 1},
        {"ae_title": "G", "port": 0},
        {"ae_title": "G", "port": 70_000},
        {"ae_title": "G"},
    ],
)
async def test_no_guest(gatekeeper: Gatekeeper, arguments: dict[str, object]) -> None:
    guests = guests_of(gatekeeper)
    with pytest.raises(AdminError):
        admit(guests, **arguments)
    assert [peer.ae_title for peer in gatekeeper.peers] == ["KNOWN"]


async def test_who_stays_too_long_is_sent_away(
    gatekeeper: Gatekeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest, "STAY_S", 0.01)
    guests = guests_of(gatekeeper)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(guests.run)
        admit(guests, ae_title="GUEST", port=1)
        with anyio.fail_after(30):
            while gatekeeper.peers.find("GUEST") is not None:
                await anyio.lowlevel.checkpoint()
        admit(guests, ae_title="AGAIN", port=1)
        with anyio.fail_after(30):
            while gatekeeper.peers.find("AGAIN") is not None:
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()


async def test_a_stay_is_renewed(gatekeeper: Gatekeeper, monkeypatch: pytest.MonkeyPatch) -> None:
    guests = guests_of(gatekeeper)
    now_s = 0.0
    monkeypatch.setattr(anyio, "current_time", lambda: now_s)
    admit(guests, ae_title="GUEST", port=1)
    now_s = 50.0
    guests.commands["guest.renew"]({"ae_title": "GUEST"})
    assert guests._leaves_at == 110.0
    for title in ("OTHER", None):
        with pytest.raises(AdminError, match="no such guest"):
            guests.commands["guest.renew"]({"ae_title": title})
    guests.commands["guest.dismiss"]({})
    with pytest.raises(AdminError, match="no such guest"):
        guests.commands["guest.renew"]({"ae_title": "GUEST"})
    assert gatekeeper.peers.find("GUEST") is None
