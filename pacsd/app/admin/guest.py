"""A guest: a peer of this machine that the daemon knows for a minute, for `pacsd selftest`.

It may call us from loopback and from the addresses on which we listen ourselves: to call one of
those this machine calls from it. C-MOVE may send to it on loopback. Whoever may use the admin
socket may change the peers file as well, so that this allows nothing new. A reload forgets it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import anyio

from pacsd.app.admin.arguments import Arguments, whole_number
from pacsd.app.admin.unix_socket import AdminError, Command
from pacsd.net.admission import Gatekeeper
from pacsd.net.endpoint import Endpoint, literal_address
from pacsd.net.peers import Guest

STAY_S = 60.0
"""How long a guest is known, from when it was admitted or its stay renewed."""

_LOOPBACK = ("127.0.0.0/8", "::1/128")


class Guests:
    """Lets guests in and sends them away again while `run` runs; one at a time."""

    def __init__(self, gatekeeper: Gatekeeper, listens: Callable[[], Iterable[Endpoint]]) -> None:
        self._gatekeeper = gatekeeper
        self._listens = listens
        self._title = ""
        self._leaves_at = 0.0
        self._changed = anyio.Event()

    @property
    def commands(self) -> Mapping[str, Command]:
        """The commands, by name."""
        return {
            "guest.admit": self._admit,
            "guest.renew": self._renew,
            "guest.dismiss": self._dismiss,
        }

    async def run(self) -> None:
        """Send away whoever stays too long."""
        while True:
            if not self._title:
                await self._changed.wait()
                self._changed = anyio.Event()
            await anyio.sleep_until(self._leaves_at)
            if anyio.current_time() >= self._leaves_at:
                self._leave()

    def _admit(self, arguments: Arguments) -> None:
        title, port = arguments.get("ae_title"), whole_number(arguments, "port")
        self._leave()
        try:
            guest = Guest.model_validate(
                {
                    "ae_title": title,
                    "host": "127.0.0.1",
                    "port": port,
                    "addresses": (*_LOOPBACK, *self._own_addresses()),
                    "move_destination": True,
                }
            )
            self._gatekeeper.peers = self._gatekeeper.peers.with_guest(guest)
        except ValueError as error:
            raise AdminError(f"guest: {error}") from error
        self._title = guest.ae_title
        self._leaves_at = anyio.current_time() + STAY_S
        self._changed.set()

    def _renew(self, arguments: Arguments) -> None:
        if not self._title or arguments.get("ae_title") != self._title:
            raise AdminError("no such guest is here any more")
        self._leaves_at = anyio.current_time() + STAY_S

    def _dismiss(self, _: Arguments) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._title:
            self._gatekeeper.peers = self._gatekeeper.peers.without(self._title)
            self._title = ""

    def _own_addresses(self) -> Iterator[str]:
        """Where we listen, but for "everywhere": that is reached over loopback."""
        for endpoint in self._listens():
            address = literal_address(endpoint.host)
            if address is not None and not address.is_unspecified:
                yield str(address)
