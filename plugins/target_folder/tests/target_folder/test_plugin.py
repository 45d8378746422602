import os
from pathlib import Path

from pacsd_target_folder import TargetFolder
from pacsd_target_folder.folder import Folder
from pacsd_target_folder.settings import TargetFolderSettings
from pacsd_target_folder.writing import INCOMING, LEFT_OVER_AFTER_S

from pacsd.testing.fake_host import FakeHost
from pacsd.testing.hook_call import call_hook


def plugin_with(tmp_path: Path, *folders: Path) -> TargetFolder:
    targets = [{"name": each.name, "path": each} for each in folders]
    settings = TargetFolderSettings.model_validate({"target": targets})
    return TargetFolder(FakeHost(name="target_folder", data_dir=tmp_path), settings)


async def test_a_folder_is_given_by_its_name(tmp_path: Path) -> None:
    plugin = plugin_with(tmp_path, tmp_path / "a", tmp_path / "b")
    assert list(plugin.check()) == []
    target = await call_hook(plugin, "pacsd_route_target", name="folder:b")
    assert isinstance(target, Folder)
    assert await target.check() == f"there is no folder {tmp_path / 'b'}"
    for other in ("folder:c", "folder:", "b", "stow:b"):
        assert await call_hook(plugin, "pacsd_route_target", name=other) is None


def test_what_of_the_settings_cannot_be_used_is_told(tmp_path: Path) -> None:
    assert plugin_with(tmp_path, tmp_path / "a", tmp_path / "a").check()


async def test_what_a_crash_left_is_removed_and_told(tmp_path: Path) -> None:
    plugin = plugin_with(tmp_path, tmp_path / "a")
    left = tmp_path / "a" / INCOMING / "x.part"
    left.parent.mkdir(parents=True)
    left.touch()
    at_s = left.stat().st_mtime - LEFT_OVER_AFTER_S - 60
    os.utime(left, (at_s, at_s))
    await call_hook(plugin, "pacsd_route_target", name="folder:a")
    assert not left.exists()
    assert isinstance(plugin.host, FakeHost)
    [line] = plugin.host.logger.lines
    assert (line.event, line.fields) == ("left-over parts removed", {"target": "a", "files": 1})
