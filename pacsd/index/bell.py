"""A bell that the writer's thread rings, for those who wait on the event loop.

Whoever waits takes `rings` before it looks, and then waits for one more: so nothing that comes in
between is missed. However many wait, a ring is one call into their loop, and none if nobody does.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock

import anyio


class Bell:
    """Rung in one thread, heard by tasks of one event loop."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rings = 0
        self._waited_for: tuple[asyncio.AbstractEventLoop, anyio.Event] | None = None

    @property
    def rings(self) -> int:
        """How often it has rung."""
        return self._rings

    def ring(self) -> None:
        """Let go whoever waits; in any thread."""
        with self._lock:
            self._rings += 1
            waited_for, self._waited_for = self._waited_for, None
        if waited_for is not None:
            loop, rung = waited_for
            # A loop that was closed meanwhile has nobody who waits.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(rung.set)

    async def wait(self, heard: int) -> None:
        """Return once it has rung more often than `heard`, which is at once if it has."""
        with self._lock:
            if self._rings != heard:
                return
            if self._waited_for is None:
                self._waited_for = asyncio.get_running_loop(), anyio.Event()
            rung = self._waited_for[1]
        await rung.wait()


@dataclass(frozen=True, slots=True)
class Bells:
    """What the writer rings: `changes` when the change log grew, `jobs` when one may be due."""

    changes: Bell = field(default_factory=Bell)
    jobs: Bell = field(default_factory=Bell)
