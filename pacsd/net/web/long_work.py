"""Work on the event loop if it is about few entities, in a thread if it is about many."""

from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread

AT_ONCE = 50
"""Each takes some 20 us, in which the loop does nothing else: that of 100,000 would be seconds."""

Answer = TypeVar("Answer")


async def off_loop_if_many(work: Callable[[], Answer], count: int) -> Answer:
    """What the work returns; it is about so many entities, and waits for nothing.

    Raises:
        Exception: whatever the work raises.
    """
    return await anyio.to_thread.run_sync(work) if count > AT_ONCE else work()
