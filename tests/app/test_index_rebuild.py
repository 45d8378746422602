from pathlib import Path

import anyio
import pytest

from pacsd.api.store import Location
from pacsd.app.conf.settings import Config
from pacsd.app.index_folder import settled
from pacsd.app.index_rebuild import RebuildError, rebuild_index
from pacsd.index.index import open_index
from pacsd.index.records import InstanceState
from pacsd.index.sqlite import Durability
from tests.archive.answers_of import Answers, answers_of
from tests.archive.past import Past, file_store
from tests.archive.small_archive import Clock
from tests.index.made import new

COUNT = 200


class Told:
    is_shown = True

    def __init__(self) -> None:
        self.expected = 0
        self.keys: list[str] = []

    def expect(self, files: int, /) -> None:
        self.expected = files

    def read(self, location: Location, /) -> None:
        self.keys.append(location.key)

    def unreadable(self, key: str, why: str, /) -> None:
        raise AssertionError((key, why))


async def answers(data_dir: Path) -> Answers:
    async with open_index(
        settled(data_dir), now_us=Clock(), durability=Durability.RELAXED
    ) as index:
        return await answers_of(index)


async def lived(data_dir: Path) -> Answers:
    """A data directory with a past; what its index answers."""
    async with (
        file_store(data_dir) as store,
        open_index(settled(data_dir), now_us=Clock(), durability=Durability.RELAXED) as index,
    ):
        await Past(store, index).happen(COUNT)
        return await answers_of(index)


async def test_the_new_one_answers_as_the_old_one_did(tmp_path: Path) -> None:
    before, told = await lived(tmp_path), Told()
    made = await rebuild_index(Config(data_dir=tmp_path), tmp_path, told)
    after = await answers(tmp_path)
    assert (after.instances, after.held) == (before.instances, before.held)
    assert after.versions == before.versions
    assert made.stats.instances[InstanceState.HELD] == len(before.held)
    assert made.rebuilt.files == len(told.keys) >= COUNT
    assert made.before is not None
    assert await anyio.Path(made.before / "index.sqlite").exists()


async def test_without_an_index_one_is_made(tmp_path: Path) -> None:
    before = await lived(tmp_path)
    await anyio.Path(tmp_path / "index").rename(tmp_path / "lost")
    made = await rebuild_index(Config(data_dir=tmp_path), tmp_path, Told())
    assert made.before is None
    assert (await answers(tmp_path)).instances == before.instances


async def test_what_lies_in_a_store_that_is_not_configured_is_not_forgotten(tmp_path: Path) -> None:
    before = await lived(tmp_path)
    async with open_index(settled(tmp_path), now_us=Clock()) as index:
        await index.add([new("9.1", store="vault")])
    with pytest.raises(RebuildError, match="lie in store 'vault', which is not configured"):
        await rebuild_index(Config(data_dir=tmp_path), tmp_path, Told())
    assert (await answers(tmp_path)).instances.keys() == before.instances.keys() | {"9.1"}


async def test_a_log_nobody_understands_leaves_the_old_one(tmp_path: Path) -> None:
    before = await lived(tmp_path)
    async with file_store(tmp_path) as store:
        await store.state_log.append([b'{"merged": 1}'])
    with pytest.raises(RebuildError, match="unknown field 'merged'"):
        await rebuild_index(Config(data_dir=tmp_path), tmp_path, Told())
    assert (await answers(tmp_path)).instances == before.instances
    names = {path.name async for path in anyio.Path(tmp_path).iterdir()}
    assert not {name for name in names if name.startswith("index.")}


async def test_a_store_whose_disk_is_not_mounted(tmp_path: Path) -> None:
    before = await lived(tmp_path)
    await anyio.Path(tmp_path / "store").rename(tmp_path / "elsewhere")
    with pytest.raises(RebuildError, match="is its disk mounted"):
        await rebuild_index(Config(data_dir=tmp_path), tmp_path, Told())
    assert (await answers(tmp_path)).instances == before.instances
