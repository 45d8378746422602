"""Places at a peer that all who send to it share."""

from pacsd.net.destination_places import DestinationPlaces
from pacsd.net.peers import Peer


def peer(title: str, connections: int) -> Peer:
    return Peer(ae_title=title, host="127.0.0.1", port=104, connections=connections)


async def test_whoever_sends_to_a_peer_shares_its_places() -> None:
    places = DestinationPlaces()
    first = places.of(peer("PEER", 2))
    assert first.total_tokens == 2
    async with first:
        assert places.of(peer("OTHER", 1)) is not first
        assert places.of(peer("PEER", 2)) is first


async def test_places_nobody_has_are_forgotten() -> None:
    places = DestinationPlaces()
    first = places.of(peer("PEER", 2))
    async with first:
        pass
    assert places.of(peer("PEER", 2)) is not first


async def test_a_reload_changes_how_many_there_are() -> None:
    places = DestinationPlaces()
    first = places.of(peer("PEER", 2))
    async with first:
        assert places.of(peer("PEER", 1)) is first
        assert first.total_tokens == 1
        assert first.available_tokens == 0
