"""The rooms put together from a configuration, without anything running."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pacsd.index.index import Index, open_index
from pacsd.index.sqlite import Durability
from pacsd.net.endpoint import Endpoint
from tests.app.built import built


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as opened:
        yield opened


async def test_nothing_listens_yet(tmp_path: Path, index: Index) -> None:
    parts = built(tmp_path, index)
    assert parts.listener.addresses == ()
    assert parts.http is None


async def test_http_is_there_when_it_is_on(tmp_path: Path, index: Index) -> None:
    parts = built(tmp_path, index, http="127.0.0.1:8080")
    assert parts.http is not None
    assert parts.http.address == Endpoint("127.0.0.1", 8080)
