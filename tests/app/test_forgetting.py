from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs

from pacsd.app.conf.settings import Config, IndexSettings
from pacsd.app.forgetting import ForgettingLog, make_forgetting
from pacsd.index.errors import IndexFault, IndexFaultKind
from tests.archive.small_archive import small_archive
from tests.index.made import SCOPE, new


@pytest.mark.parametrize(("days", "left"), [(0.0, 2), (36_500.0, 2), (1.0, 1)])
async def test_it_is_made_of_settings(tmp_path: Path, days: float, left: int) -> None:
    """By the clock of this archive it is 2023."""
    config = Config(index=IndexSettings(keep_changes_days=days))
    async with small_archive(tmp_path) as archive:
        await archive.index.add([new("1.1"), new("1.2")])
        forgetting = make_forgetting(config, archive.index)
        if forgetting._keep_us is not None:
            await forgetting._forget_part(forgetting._keep_us)
        else:
            with anyio.fail_after(15):
                await forgetting.run()
        assert len((await archive.index.changes.page(SCOPE)).changes) == left


def test_a_fault_is_logged() -> None:
    with capture_logs() as logged:
        ForgettingLog().forgetting_failed(IndexFault(IndexFaultKind.NO_SPACE, "full"))
    (line,) = logged
    assert (line["log_level"], line["event"]) == ("warning", "old changes could not be forgotten")
