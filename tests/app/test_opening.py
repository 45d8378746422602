"""The archive of a data directory, opened without a daemon."""

import shutil
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pacsd.api.errors import PluginError
from pacsd.app.conf.checks import Checked, check
from pacsd.app.conf.errors import ConfigErrors
from pacsd.app.conf.options import Options
from pacsd.app.offline import perform
from pacsd.app.opening import IndexStartError, StartError, opened
from pacsd.app.plugins import loading
from pacsd.app.plugins.available import available
from pacsd.archive.stores import StoresTogether
from pacsd.index.records import Scope
from tests.app.test_importing import write
from tests.index.made import new


def checked(data_dir: Path) -> Checked:
    return check(None, Options(data_dir=str(data_dir)), {"PACSD_STORE__UNSAFE_TMPFS": "true"})


async def done(data_dir: Path, kind: str, **arguments: object) -> None:
    failure = await perform(checked(data_dir), data_dir, kind, arguments, lambda _: None)
    assert failure == ""


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_store_and_index_are_there(tmp_path: Path) -> None:
    async with opened(checked(tmp_path), tmp_path) as archive:
        assert (await archive.store.list()).locations == ()
        assert await archive.index.instances.page(Scope()) == []
        assert archive.tally.counts["pacsd_blob_store", "store_fs"].endings == {"answered": 1}
    assert names(tmp_path) >= {"store", "index", "store_fs.json"}


async def test_once_closed_it_can_be_opened_again(tmp_path: Path) -> None:
    for _ in range(2):
        async with opened(checked(tmp_path), tmp_path):
            pass


async def test_a_lost_index_whose_store_has_decisions_is_not_made_at_start(tmp_path: Path) -> None:
    async with opened(checked(tmp_path), tmp_path) as archive:
        await archive.store.state_log.append([b"{}"])
    shutil.rmtree(tmp_path / "index")
    for _ in range(2):
        with pytest.raises(IndexStartError, match="index: it is not there, but the state log"):
            async with opened(checked(tmp_path), tmp_path):
                pass


async def test_an_index_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index/index.sqlite").write_bytes(b"no database " * 1000)
    told = f"index: {tmp_path}/index/index.sqlite is damaged .*`pacsd index rebuild`"
    with pytest.raises(IndexStartError, match=told):
        async with opened(checked(tmp_path), tmp_path):
            pass


async def test_an_index_whose_pages_are_damaged(tmp_path: Path) -> None:
    async with opened(checked(tmp_path), tmp_path):
        pass
    path = tmp_path / "index/index.sqlite"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(IndexStartError, match="`pacsd index rebuild`"):
        async with opened(checked(tmp_path), tmp_path):
            pass


async def test_an_index_that_is_lost_is_told(tmp_path: Path) -> None:
    await done(tmp_path, "import", paths=[str(write(tmp_path / "file"))])
    for _ in range(2):
        with capture_logs() as captured:
            async with opened(checked(tmp_path), tmp_path):
                pass
        assert not [line for line in captured if line["log_level"] == "warning"]
    (tmp_path / "index").rename(tmp_path / "elsewhere")
    with capture_logs() as captured:
        async with opened(checked(tmp_path), tmp_path):
            pass
    warnings = [line["event"] for line in captured if line["log_level"] == "warning"]
    assert warnings == [
        "the index was not there: it is being made of the files in the store",
        "the index was made of files in the store",
    ]


async def test_a_fault_that_may_pass_is_no_reason_to_make_the_index_anew(
    tmp_path: Path,
) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index/index.sqlite").mkdir()
    with pytest.raises(StartError, match="index: ") as raised:
        async with opened(checked(tmp_path), tmp_path):
            pass
    assert not isinstance(raised.value, IndexStartError)


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
    with pytest.raises(IndexStartError, match="index: state log: unknown field 'merged'"):
        async with opened(checked(tmp_path), tmp_path):
            pass


SECOND = EntryPoint("archive_fs", "pacsd_store_fs:StoreFs", "pacsd.plugins")


@pytest.fixture
def two_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "available", lambda: {**available(), SECOND.name: SECOND})


def with_others(data_dir: Path, *others: str) -> Checked:
    found = checked(data_dir)
    config = found.config
    store = config.store.model_copy(update={"others": others})
    plugins: dict[str, dict[str, object]] = {
        each: {"root": each, "trusted": True, "isolation": "inline"} for each in others
    }
    config = config.model_copy(update={"store": store, "plugins": plugins})
    return replace(found, config=config)


@pytest.mark.usefixtures("two_installed")
async def test_several_stores_are_opened_together_and_a_single_one_as_it_is(tmp_path: Path) -> None:
    async with opened(with_others(tmp_path, "archive_fs"), tmp_path) as archive:
        assert isinstance(archive.store, StoresTogether)
        assert [*archive.store.parts] == ["store_fs", "archive_fs"]
        # Started after, and shut down before, whatever they may be made of.
        assert archive.exchange is not None
        assert archive.exchange.pinned == {"store_fs", "archive_fs"}
        assert [*archive.exchange.plugins.homes] == ["archive_fs", "store_fs"]
        await archive.index.add([new("1.1", store="archive_fs")])
    for _ in range(2):
        with capture_logs() as lines:
            async with opened(checked(tmp_path), tmp_path) as archive:
                # Keys are the same in both: the one store must not be asked for what is not its.
                assert isinstance(archive.store, StoresTogether)
        assert [each["store"] for each in lines if "not configured" in each["event"]] == [
            "archive_fs"
        ]


@pytest.mark.usefixtures("two_installed")
async def test_a_store_that_nobody_gives_keeps_it_from_opening(tmp_path: Path) -> None:
    asked = with_others(tmp_path, "vault")
    config = asked.config.model_copy(update={"plugins": {}})
    with pytest.raises(ConfigErrors, match=r"store\.others\[1\]: .*'vault' is not installed"):
        async with opened(replace(asked, config=config), tmp_path):
            pass
