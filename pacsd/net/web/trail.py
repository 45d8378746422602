"""The trail of what left over the web: who retrieved which study.

A viewer asks for one frame after the other, so that of one client and study a row is kept, and the
next one only after a while.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from pacsd.archive.access import Retrieved
from pacsd.dicom.text import printable
from pacsd.net.web.exchange import Exchange

AGAIN_AFTER_S = 600.0
MAX_REMEMBERED = 10_000

ACTOR = "dicomweb"


class Notes(Protocol):
    """Who keeps a trail; see `Access.note`."""

    async def note(self, retrieved: Retrieved) -> None:
        """Keep who retrieved which studies, and how it ended; never raises."""


class Trail:
    """Keeps it. `now_s` is a monotonic clock. For HEAD nothing leaves, and nothing is kept."""

    def __init__(self, notes: Notes, now_s: Callable[[], float]) -> None:
        self._notes = notes
        self._now_s = now_s
        self._noted: dict[tuple[str, str], float] = {}

    async def retrieved(self, exchange: Exchange, studies: Sequence[str], detail: str) -> None:
        """Instances leave; each time is kept."""
        if exchange.is_head:
            return
        await self._note(exchange, "retrieve", studies, detail)

    async def viewed(self, exchange: Exchange) -> None:
        """Part of an instance leaves; kept when it was not just before."""
        if exchange.is_head:
            return  # neither does it count as a view just before
        whom = exchange.user or exchange.client
        key, now_s = (whom, exchange.target.study_instance_uid), self._now_s()
        if now_s - self._noted.get(key, -AGAIN_AFTER_S) < AGAIN_AFTER_S:
            return
        self._noted.pop(key, None)
        self._noted[key] = now_s
        if len(self._noted) > MAX_REMEMBERED:
            del self._noted[next(iter(self._noted))]
        await self._note(exchange, "view", [key[1]], "frames or bulk data")

    async def _note(
        self, exchange: Exchange, action: str, studies: Sequence[str], detail: str
    ) -> None:
        await self._notes.note(
            Retrieved(_actor(exchange), exchange.client, action, "sent", tuple(studies), detail)
        )


def _actor(exchange: Exchange) -> str:
    return f"{ACTOR} {printable(exchange.user)}" if exchange.user else ACTOR
