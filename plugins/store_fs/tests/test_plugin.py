from pathlib import Path

import anyio
import pytest
import structlog
from pacsd_store_fs.plugin import StoreFs
from pacsd_store_fs.root import RootError
from pacsd_store_fs.settings import StoreFsSettings

from pacsd.api.plugin import Host
from pacsd.testing.blob_store_contract import commit_one


def names_in(path: Path) -> list[str]:
    return [entry.name for entry in path.iterdir()]


def plugin(data_dir: Path, **settings: object) -> StoreFs:
    host = Host("store_fs", data_dir, structlog.get_logger())
    return StoreFs(host, StoreFsSettings.model_validate(settings))


async def test_construction_and_check_touch_nothing(tmp_path: Path) -> None:
    made = plugin(tmp_path)
    assert list(made.check()) == []
    assert await made.pacsd_blob_store("store_fs") is None
    assert names_in(tmp_path) == []


async def test_offers_its_store_between_startup_and_shutdown(tmp_path: Path) -> None:
    made = plugin(tmp_path)
    await made.startup()
    store = await made.pacsd_blob_store("store_fs")
    assert store is not None
    assert await made.pacsd_blob_store("other") is None
    location = await commit_one(store, b"data")
    assert location.store == "store_fs"
    assert (tmp_path / "store/objects" / location.key).exists()
    await made.shutdown()
    await made.shutdown()
    assert await made.pacsd_blob_store("store_fs") is None


async def test_a_second_one_has_a_root_of_its_own(tmp_path: Path) -> None:
    hosts = [Host(name, tmp_path, structlog.get_logger()) for name in ("store_fs", "second_fs")]
    plugins = [StoreFs(host, StoreFsSettings()) for host in hosts]
    for plugin in plugins:
        assert plugin.check() == []
        await plugin.startup()
    stores = [await plugin.pacsd_blob_store("second_fs") for plugin in plugins]
    assert (stores[0], stores[1] is not None) == (None, True)
    for plugin in plugins:
        await plugin.shutdown()
    for root in ("store", "second_fs"):
        assert await anyio.Path(tmp_path / root / "pacsd-store.json").exists()


async def test_the_root_may_be_elsewhere(tmp_path: Path) -> None:
    made = plugin(tmp_path / "data", root=tmp_path / "elsewhere")
    await made.startup()
    await made.shutdown()
    assert (tmp_path / "elsewhere/objects").is_dir()
    assert not (tmp_path / "data/store").exists()


async def test_check_and_startup_refuse_a_wrong_root(tmp_path: Path) -> None:
    (tmp_path / "store").touch()
    made = plugin(tmp_path)
    [problem] = made.check()
    assert "not a directory" in problem
    with pytest.raises(RootError, match="not a directory"):
        await made.startup()
    await made.shutdown()
