"""Errands done by a command itself, on a real store and index."""

from pathlib import Path

import pytest

from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.receiving import Hold, ReceivedInstance
from pacsd.api.settings import Settings
from pacsd.app.admin.unix_socket import AdminError
from pacsd.app.conf.checks import Checked, check
from pacsd.app.conf.options import Options
from pacsd.app.import_records import ImportProgress
from pacsd.app.index_rebuild import rebuild_index
from pacsd.app.offline import perform
from pacsd.app.opening import opened
from pacsd.archive.check_records import CheckProgress
from pacsd.index.records import Scope
from tests.app.test_importing import write
from tests.app.test_index_rebuild import Told
from tests.app.test_opening import checked


class Desk(Plugin[Settings]):
    """Labels the study of an instance that is there; holds what comes later."""

    @hookimpl
    async def pacsd_instance_received(self, instance: ReceivedInstance) -> Hold | None:
        if not list(await self.host.instances.of_study(instance.study_instance_uid)):
            return None
        await self.host.labels.set(instance.study_instance_uid, "more came")
        return Hold("it came later")


@pytest.fixture
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is installed and enabled."""
    package = tmp_path / "installed/pacsd_desk-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: pacsd-desk\nVersion: 1.0\n")
    entry_point = f"[pacsd.plugins]\ndesk = {__name__}:Desk\n"
    (package / "entry_points.txt").write_text(entry_point)
    monkeypatch.syspath_prepend(str(package.parent))


def with_desk(data_dir: Path) -> Checked:
    plugin = {"PACSD_PLUGINS__DESK__ISOLATION": "inline", "PACSD_PLUGINS__DESK__TRUSTED": "true"}
    environment = {"PACSD_STORE__UNSAFE_TMPFS": "true", **plugin}
    return check(None, Options(data_dir=str(data_dir)), environment)


@pytest.mark.usefixtures("_desk")
async def test_what_plugins_decide_meanwhile_is_in_an_index_made_anew(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    for number in (1, 2):
        write(tmp_path / str(number), number)
        arguments = {"paths": [str(tmp_path / str(number))]}
        assert not await perform(with_desk(data_dir), data_dir, "import", arguments, ignored)
    desk = with_desk(data_dir)
    await rebuild_index(desk.config, data_dir, Told())
    async with opened(desk, data_dir) as archive:
        [stored] = await archive.index.instances.page(Scope())
        assert await archive.index.labels.of(Scope(), stored.study_instance_uid) == ["more came"]
        [held] = await archive.index.quarantine.page(Scope())
        assert held.aside is not None
        assert (held.aside.actor, held.aside.reason) == ("desk", "it came later")


def ignored(_: object) -> None:
    """Show nothing."""


async def done(data_dir: Path, kind: str, **arguments: object) -> tuple[str, object]:
    shown: list[object] = []
    failure = await perform(checked(data_dir), data_dir, kind, arguments, shown.append)
    return failure, shown[-1]


async def test_files_are_imported_and_checked(tmp_path: Path) -> None:
    folder, data_dir = tmp_path / "files", tmp_path / "data"
    data_dir.mkdir()
    for number in range(10):
        write(folder / str(number), number)
    failure, report = await done(data_dir, "import", paths=[str(folder)])
    assert failure == ""
    assert isinstance(report, ImportProgress)
    assert report.outcomes == {"stored": 10}
    failure, report = await done(data_dir, "check", with_digests=True)
    assert failure == ""
    assert isinstance(report, CheckProgress)
    assert (report.rows, report.files, report.verified, report.counts) == (10, 10, 10, {})


async def test_d35_files_are_for_their_owner_to_read_and_for_nobody_to_run(
    tmp_path: Path,
) -> None:
    write(tmp_path / "file", preamble=b"#!/bin/sh\nid\n".ljust(128, b"#"))
    (tmp_path / "data").mkdir()
    await done(tmp_path / "data", "import", paths=[str(tmp_path / "file")])
    (stored,) = (tmp_path / "data/store/objects").rglob("*.dcm")
    assert stored.stat().st_mode & 0o7777 == 0o600
    assert stored.read_bytes()[:128] == bytes(128)


async def test_what_cannot_be_done_says_why(tmp_path: Path) -> None:
    failure, report = await done(tmp_path, "import", paths=[str(tmp_path / "nowhere")])
    assert "No such file or directory" in failure
    assert isinstance(report, ImportProgress)


async def test_wrong_arguments(tmp_path: Path) -> None:
    with pytest.raises(AdminError):
        await done(tmp_path, "import", paths=[])
