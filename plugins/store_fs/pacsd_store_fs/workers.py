"""Threads of the store's own: a hop to one of them and back costs two thirds of the usual one."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import anyio

Answer = TypeVar("Answer")


class Workers:
    """So many threads at most, each started when it is needed first."""

    def __init__(self, name: str, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def do(self, work: Callable[[], Answer]) -> Answer:
        """Have it done by a thread; cancelled, this first waits for its end."""
        done = asyncio.get_running_loop().run_in_executor(self._pool, work)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await asyncio.wait([done])
            raise

    def close(self) -> None:
        """Finish what waits and end the threads. Blocks."""
        self._pool.shutdown()
