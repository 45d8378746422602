from pathlib import Path

import pytest
import structlog
from pacsd_store_s3.belonging import BelongingError
from pacsd_store_s3.plugin import StoreS3
from pacsd_store_s3.settings import StoreS3Settings

from contrib.peers import fake_s3
from pacsd.api.plugin import Host
from pacsd.api.store import BlobStore
from pacsd.testing.blob_store_contract import commit_one
from pacsd.testing.memory_store import MemoryStore


def plugin(data_dir: Path, **values: object) -> StoreS3:
    host = Host("store_s3", data_dir, structlog.get_logger())
    return StoreS3(host, StoreS3Settings.model_validate({"bucket": "pacsd", **values}))


def names_in(path: Path) -> list[str]:
    return [entry.name for entry in path.iterdir()]


class Spools:
    """Gives one spool, and says what was asked for."""

    def __init__(self) -> None:
        self.spool = MemoryStore("store_fs")
        self.asked: list[str] = []

    async def __call__(self, name: str) -> BlobStore:
        self.asked.append(name)
        return self.spool


async def test_construction_and_check_touch_nothing(tmp_path: Path) -> None:
    made = plugin(tmp_path)
    assert list(made.check()) == []
    assert await made.pacsd_blob_store("store_s3", Spools()) is None
    assert names_in(tmp_path) == []


async def test_offers_its_store_between_startup_and_shutdown(tmp_path: Path) -> None:
    async with fake_s3.served() as fake:
        key = {"access_key_id": "key", "secret_access_key": "secret"}
        made, spools = plugin(tmp_path, endpoint=fake.endpoint, **key), Spools()
        await made.startup()
        store = await made.pacsd_blob_store("store_s3", spools)
        assert store is not None
        assert await made.pacsd_blob_store("store_s3", spools) is store
        assert await made.pacsd_blob_store("other", spools) is None
        assert spools.asked == ["store_fs"]
        assert (await commit_one(store, b"data")).store == "store_s3"
        await made.shutdown()
        await made.shutdown()
        assert await made.pacsd_blob_store("store_s3", spools) is None


async def test_what_keeps_it_from_starting_is_raised(tmp_path: Path) -> None:
    key = {"access_key_id": "key", "secret_access_key": "secret"}
    made = plugin(tmp_path, endpoint="http://127.0.0.1:1", **key)
    await made.startup()
    with pytest.raises(BelongingError, match="first start needs the far store"):
        await made.pacsd_blob_store("store_s3", Spools())
    await made.shutdown()


def test_check_tells_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "store_s3.json").write_text("nonsense")
    problems = list(plugin(tmp_path, spool="store_s3", ca_file=tmp_path / "none").check())
    assert [problem.split(":")[0] for problem in problems] == [
        "ca_file",
        "spool",
        str(tmp_path / "store_s3.json"),
    ]
