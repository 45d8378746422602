"""A guest: a peer of this machine that the daemon knows for a minute, for `pacsd selftest`.

It may call us, and C-MOVE may send to it, on loopback only. Whoever may use the admin socket may
change the peers file as well, so that this allows nothing new. A reload forgets it.
"""

from collections.abc import Mapping

import anyio

from pacsd.app.admin.arguments import Arguments, whole_number
from pacsd.app.admin.unix_socket import AdminError, Command
from pacsd.net.admission import Gatekeeper
from pacsd.net.peers import Peer

STAY_S = 60.0
"""How long a guest is known."""

_LOOPBACK = ("127.0.0.0/8", "::1/128")


class Guests:
    """Lets guests in and sends them away again while `run` runs; one at a time."""

    def __init__(self, gatekeeper: Gatekeeper) -> None:
        self._gatekeeper = gatekeeper
        self._title = ""
        self._leaves_at = 0.0
        self._changed = anyio.Event()

    @property
    def commands(self) -> Mapping[str, Command]:
        """The commands, by name."""
        return {"guest.admit": self._admit, "guest.dismiss": self._dismiss}

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
            guest = Peer.model_validate(
                {
                    "ae_title": title,
                    "host": "127.0.0.1",
                    "port": port,
                    "addresses": _LOOPBACK,
                    "move_destination": True,
                }
            )
            self._gatekeeper.peers = self._gatekeeper.peers.with_guest(guest)
        except ValueError as error:
            raise AdminError(f"guest: {error}") from error
        self._title = guest.ae_title
        self._leaves_at = anyio.current_time() + STAY_S
        self._changed.set()

    def _dismiss(self, _: Arguments) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._title:
            self._gatekeeper.peers = self._gatekeeper.peers.without(self._title)
            self._title = ""
