"""Every asynchronous test of this room runs on both event loops; none of them may block one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
import uvloop
from blockbuster import blockbuster_ctx

from pacsd.index.desks import WriterDesk
from pacsd.index.index import Index, open_index
from tests.index.made import Clock, opened


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def _nothing_blocks() -> Iterator[None]:
    with blockbuster_ctx("pacsd"):
        yield


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[WriterDesk]:
    """A writer's desk, worked at by the test itself."""
    desk = opened(tmp_path, clock)
    yield desk
    desk.close()


@pytest.fixture
async def index(tmp_path: Path, clock: Clock) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=clock) as opened:
        yield opened
