from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pacsd.app.archive_wiring import make_way_in
from pacsd.app.checking import CheckErrand
from pacsd.app.command_wiring import errand_kinds
from pacsd.app.conf.checks import check
from pacsd.app.conf.options import Options
from pacsd.app.opening import Archive
from pacsd.index.index import Index, open_index
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from tests.api.hookspecs.hooks_of import hooks_of
from tests.app.built import built


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as opened:
        yield opened


async def test_a_daemon_has_the_commands_of_each_kind(tmp_path: Path, index: Index) -> None:
    parts = built(tmp_path, index)
    kinds = {name.partition(".")[0] for name in parts.commands}
    archived = {"quarantine", "correct", "deletion", "index"}
    assert kinds == archived | {
        *("deliveries", "targets", "jobs", "plugins", "rules", "run", "guest")
    }
    assert {name.partition(".")[0] for name in parts.errands.commands} == {"errand"}


async def test_long_work_is_wanted_by_its_kind(tmp_path: Path, index: Index) -> None:
    options = Options(data_dir=str(tmp_path))
    config = check(None, options, {"PACSD_STORE__UNSAFE_TMPFS": "true"}).config
    archive = Archive(hooks_of(), MemoryStore(), index)
    kinds = errand_kinds(config, archive, make_way_in(config, archive), is_in_use=False)
    assert {*kinds} == {"check", "import", "export", "replay"}
    check_of_store = kinds["check"]({})
    await check_of_store.run()
    assert isinstance(check_of_store, CheckErrand)
    assert check_of_store.report().files == 0
