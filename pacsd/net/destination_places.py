"""How many associations are open to a destination: all who send to it share its places."""

import anyio

from pacsd.net.kept_associations import KeptAssociations
from pacsd.net.peers import Peer


class DestinationPlaces:
    """The places of each peer that objects are sent to, `connections` of its entry.

    A reload may change how many there are: those above a lower number go as they become free.
    """

    def __init__(self, kept: KeptAssociations | None = None) -> None:
        self._places: dict[str, anyio.CapacityLimiter] = {}
        self.kept = kept or KeptAssociations()
        """Associations that nobody uses now; who opens another makes room."""

    def of(self, peer: Peer) -> anyio.CapacityLimiter:
        """Those of this peer; each of its associations takes one. Take it at once."""
        self._places = {
            title: each
            for title, each in self._places.items()
            if each.borrowed_tokens or each.statistics().tasks_waiting
        }
        places = self._places.get(peer.ae_title)
        if places is None:
            places = self._places[peer.ae_title] = anyio.CapacityLimiter(peer.connections)
        places.total_tokens = peer.connections
        return places
