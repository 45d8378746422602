"""How long a session waits for its peer, and how slow a message may come.

A message that comes in tiny pieces keeps a place without end if every byte starts the wait anew.
So it has a least pace as well: from `Patience.message_s` after its beginning on, it must have
brought `MIN_BYTES_PER_S` on average since then. A modem line does that several times over.
"""

from dataclasses import dataclass, replace

MIN_BYTES_PER_S = 1_024
"""The least average pace of an incoming message, all its PDUs counted; a rule of ours."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a session waits for its peer, in seconds; 0 waits for ever.

    `message_s` while a message is incomplete or a response is due, `idle_s` while nothing is open;
    `idle_key` names the setting that `idle_s` comes from.
    """

    message_s: float = 60.0
    idle_s: float = 300.0
    idle_key: str = "idle_timeout_s"

    def shortened(self, idle_s: float, idle_key: str) -> "Patience":
        """The same, but idle for no longer than `idle_s`."""
        if 0 < self.idle_s <= idle_s:
            return self
        return replace(self, idle_s=idle_s, idle_key=idle_key)


DEFAULT_PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Wait:
    """What the peer owes us: until when, and what to say if it does not come."""

    due: float
    why: str


class Pace:
    """The pace of the message that comes in; what was fed with its beginning counts for it."""

    __slots__ = ("_begun_at", "_bytes", "_fed_at", "_fed_bytes")

    def __init__(self, now: float) -> None:
        self._begun_at = self._fed_at = now
        self._bytes = self._fed_bytes = 0

    def fed(self, length: int, now: float, *, is_in_message: bool) -> None:
        """So many bytes have come, of a message under way or of none yet."""
        self._fed_at, self._fed_bytes = now, length
        if is_in_message:
            self._bytes += length
        else:
            self.begin()

    def begin(self) -> None:
        """A message, or what follows one, begins within the bytes fed last."""
        self._begun_at, self._bytes = self._fed_at, self._fed_bytes

    def resumed(self, now: float) -> None:
        """We did not read since the bytes fed last; that time is ours, not the peer's."""
        self._begun_at += now - self._fed_at
        self._fed_at = now

    def due(self, message_s: float) -> float:
        """When the message is too slow, if nothing more comes until then."""
        return self._begun_at + max(message_s, self._bytes / MIN_BYTES_PER_S)
