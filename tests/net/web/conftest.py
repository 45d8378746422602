"""On the daemon's own event loop alone: what is aiohttp's, `tests/net/test_http.py` has on both."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import uvloop

from tests.net.web.serving import Served, serving


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


async def in_one_task(serves: AbstractAsyncContextManager[Served]) -> AsyncIterator[Served]:
    """One task has all of its task groups: a fixture ends in another one."""
    loop = asyncio.get_running_loop()
    begun: asyncio.Future[Served] = loop.create_future()
    over = asyncio.Event()

    async def serve() -> None:
        async with serves as made:
            begun.set_result(made)
            await over.wait()

    task = loop.create_task(serve())
    task.add_done_callback(lambda _: begun.cancel())
    yield await begun
    over.set()
    await task


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """An empty archive."""
    async for each in in_one_task(serving(tmp_path)):
        yield each


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of any length leave as they are read."""
    monkeypatch.setattr("pacsd.net.web.exchange.AT_ONCE_BYTES", -1)
