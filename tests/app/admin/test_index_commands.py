from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import orjson
import pytest
from pydantic import TypeAdapter

from pacsd.app.admin.index_commands import StatsAnswer, index_commands
from pacsd.app.admin.unix_socket import AdminError
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.index import Index
from tests.archive.small_archive import SmallArchive, small_archive


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as made:
        yield made


async def stats(index: Index) -> StatsAnswer:
    answer = index_commands(index)["index.stats"]({})
    assert isinstance(answer, Awaitable)
    found = await answer
    assert isinstance(found, StatsAnswer)
    return found


async def test_stats(archive: SmallArchive) -> None:
    await archive.put("1.1")
    await archive.put("1.1", "another")
    await archive.put("1.2", "", {"PatientID": "SOMEBODY-ELSE"})
    found = await stats(archive.index)
    assert found.instances == {"live": 1, "held": 1}
    assert found.rows["quarantine"] == 1
    assert [(each.store, each.state, each.copies) for each in found.copies] == [("memory", "ok", 2)]
    assert TypeAdapter(StatsAnswer).validate_python(orjson.loads(orjson.dumps(found))) == found


async def test_an_index_that_fails_is_told() -> None:
    async def fault(_: object) -> None:
        raise IndexFault(IndexFaultKind.CORRUPT, "test")

    with pytest.raises(AdminError, match="index is corrupt: test"):
        await stats(cast("Index", SimpleNamespace(stats=fault)))
