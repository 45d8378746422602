"""A plugin's own work awaited: what it raises is contained, and it has a time."""

import asyncio
from collections.abc import Awaitable
from math import isinf

from pacsd.app.isolation.errors import describe
from pacsd.app.isolation.loading import CONTAINED


class Raised(Exception):
    """A plugin raised something, the `__cause__`; the text describes it."""


async def contained(work: Awaitable[object]) -> object:
    """Await a plugin's work; only who is really cancelled sees a cancellation.

    Raises:
        Raised: it raised something, be it a cancellation that nobody wanted.
    """
    try:
        return await work
    except CONTAINED as raised:
        raise Raised(describe(raised)) from raised
    except asyncio.CancelledError as raised:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise Raised(describe(raised)) from raised


def limit(seconds: float) -> asyncio.Timeout:
    """A deadline that is no scope: a plugin may enter one at `startup`, to leave at `shutdown`."""
    return asyncio.timeout(None if isinf(seconds) else seconds)
