"""A DICOMweb service beside a command: `answering`, in a thread with a loop of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.net.web_client.answering import Answer, Answering, answering

STARTS_WITHIN_S = 30.0


@contextmanager
def web_service(*answers: Answer) -> Iterator[Answering]:
    """Run it for the time of a block."""
    started, made, ends = threading.Event(), list[Answering](), list[asyncio.Event]()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        over = asyncio.Event()
        ends.append(over)
        async with answering(*answers) as served:
            made.append(served)
            started.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), name="web service")
    thread.start()
    try:
        assert started.wait(STARTS_WITHIN_S)
        yield made[0]
    finally:
        loop.call_soon_threadsafe(ends[0].set)
        thread.join()
        loop.close()
