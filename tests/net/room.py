"""Who is asked to make room for an association, before it is opened."""

from pacsd.net.kept_associations import KeptAssociations
from pacsd.net.scu import Destination


class AskedForRoom(KeptAssociations):
    """Has nothing that is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[tuple[str, int]] = []

    async def make_room(self, destination: Destination, room: int = 0) -> None:
        self.made.append((destination.called_ae, room))
