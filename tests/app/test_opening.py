"""The archive of a data directory, opened without a daemon."""

from pathlib import Path

import pytest

from pacsd.api.errors import PluginError
from pacsd.app.conf.checks import Checked, check
from pacsd.app.conf.options import Options
from pacsd.app.opening import StartError, opened
from pacsd.index.records import Scope


def checked(data_dir: Path) -> Checked:
    return check(None, Options(data_dir=str(data_dir)), {"PACSD_STORE__UNSAFE_TMPFS": "true"})


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_store_and_index_are_there(tmp_path: Path) -> None:
    async with opened(checked(tmp_path), tmp_path) as archive:
        assert (await archive.store.list()).locations == ()
        assert await archive.index.instances.page(Scope()) == []
    assert names(tmp_path) >= {"store", "index", "store_fs.json"}


async def test_once_closed_it_can_be_opened_again(tmp_path: Path) -> None:
    for _ in range(2):
        async with opened(checked(tmp_path), tmp_path):
            pass


async def test_an_index_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index/index.sqlite").write_bytes(b"no database " * 1000)
    with pytest.raises(StartError, match="index: "):
        async with opened(checked(tmp_path), tmp_path):
            pass


async def test_a_store_whose_disk_is_not_mounted(tmp_path: Path) -> None:
    async with opened(checked(tmp_path), tmp_path):
        pass
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    with pytest.raises((StartError, PluginError)):
        async with opened(checked(tmp_path), tmp_path):
            pass


async def test_a_state_log_nobody_understands(tmp_path: Path) -> None:
    async with opened(checked(tmp_path), tmp_path) as archive:
        await archive.store.state_log.append([b'{"merged": 1}'])
    with pytest.raises(StartError, match="index: state log: unknown field 'merged'"):
        async with opened(checked(tmp_path), tmp_path):
            pass
