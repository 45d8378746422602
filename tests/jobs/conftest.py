"""Every asynchronous test of this room runs on both event loops; none of them may block one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from shutil import copyfile

import pytest
import uvloop
from blockbuster import blockbuster_ctx

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


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty index: migrating one for every test would take most of their time."""
    folder = tmp_path_factory.mktemp("made_once")
    opened(folder).close()
    return folder


@pytest.fixture
def folder(tmp_path: Path, made_once: Path) -> Path:
    """A folder with an empty index."""
    for file in made_once.iterdir():
        copyfile(file, tmp_path / file.name)
    return tmp_path


@pytest.fixture
async def index(folder: Path, clock: Clock) -> AsyncIterator[Index]:
    async with open_index(folder, now_us=clock) as opened:
        yield opened
