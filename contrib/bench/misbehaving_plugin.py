"""A plugin that does what the calling AE title says, and lets in whoever names no deed."""

import asyncio
import ctypes
import os
import time
from collections.abc import Awaitable, Callable, Mapping

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings

LONGER_THAN_THE_DEADLINE_S = 6


async def _raises() -> None:
    raise KeyError("not there")


async def _never_answers() -> None:
    await asyncio.Event().wait()


async def _blocks_loop() -> None:
    time.sleep(LONGER_THAN_THE_DEADLINE_S)  # noqa: ASYNC251 - that is the deed


async def _holds_python() -> None:
    ctypes.PyDLL(None).sleep(LONGER_THAN_THE_DEADLINE_S)


async def _eats_memory() -> None:
    bytearray(10 * 1024**3)


async def _exits() -> None:
    os._exit(5)


DEEDS: Mapping[str, Callable[[], Awaitable[None]]] = {
    "RAISES": _raises,
    "NEVER_ANSWERS": _never_answers,
    "BLOCKS_LOOP": _blocks_loop,
    "HOLDS_PYTHON": _holds_python,
    "EATS_MEMORY": _eats_memory,
    "EXITS": _exits,
}

CONTAINED: Mapping[str, tuple[str, ...]] = {
    "inline": ("RAISES", "NEVER_ANSWERS"),
    "thread": ("RAISES", "NEVER_ANSWERS", "BLOCKS_LOOP"),
    "process": tuple(DEEDS),
}
"""What each home contains, of the table in the plugin guide."""


class Misbehaving(Plugin[Settings]):
    """Asked whether an association may be opened, it misbehaves."""

    @hookimpl
    async def pacsd_association_requested(self, request: AssociationRequest) -> Refusal | None:
        """Do the deed."""
        deed = DEEDS.get(request.calling_ae)
        if deed is not None:
            await deed()
        return None
