from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.archive.small_archive import SmallArchive, small_archive


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as made:
        yield made
