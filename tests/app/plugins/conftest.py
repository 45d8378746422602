"""What plugins ask of a daemon, with an index that is open."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pacsd.app.plugins.services import HostServices
from pacsd.index.index import Index, open_index
from pacsd.index.sqlite import Durability

NOW_US = 1_000_000_000


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: NOW_US, durability=Durability.RELAXED) as opened:
        yield opened


@pytest.fixture
def services(index: Index) -> HostServices:
    made = HostServices(lambda: NOW_US)
    made.open(index)
    return made
