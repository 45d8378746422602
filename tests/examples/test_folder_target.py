import io
from pathlib import Path

import pytest

from contrib.examples.folder_target.pacsd_folder_target import (
    Folder,
    FolderTarget,
    FolderTargetSettings,
)
from pacsd.api.route_target import Delivery, DeliveryOutcome
from pacsd.testing.fake_host import FakeHost, fake_host
from pacsd.testing.hook_call import call_hook
from pacsd.testing.objects import dicom_file
from pacsd.testing.route_contract import RouteTargetContract


class TestFolder(RouteTargetContract):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Folder:
        return Folder(tmp_path, fake_host(tmp_path).instances)


async def delivery(host: FakeHost, *uids: str) -> Delivery:
    for uid in uids:
        await host.instances.add(io.BytesIO(dicom_file({"SOPInstanceUID": uid})))
    facts = tuple(await host.instances.of_study("1.2.3"))
    return Delivery("folder", "rule 1", "a rule", 1, "1.2.3", facts)


async def test_instances_become_files_as_they_are_stored(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    settings = FolderTargetSettings(folder=tmp_path / "out")
    target = await call_hook(FolderTarget(host, settings), "pacsd_route_target", name="folder")
    assert isinstance(target, Folder)
    assert await target.check() == f"there is no folder {tmp_path / 'out'}"
    (tmp_path / "out").mkdir()
    assert await target.check() is None
    result = await target.send(await delivery(host, "1.2.3.1.1", "1.2.3.1.2"))
    assert (result.outcome, result.exceptions) == (DeliveryOutcome.DELIVERED, ())
    for uid in ("1.2.3.1.1", "1.2.3.1.2"):
        with await host.instances.open(uid) as stored:
            assert (tmp_path / "out" / f"{uid}.dcm").read_bytes() == stored.read()
    assert not list((tmp_path / "out").glob("*.part"))


async def test_other_targets_are_not_its_business(tmp_path: Path) -> None:
    plugin = FolderTarget(fake_host(tmp_path), FolderTargetSettings(folder=tmp_path))
    assert await call_hook(plugin, "pacsd_route_target", name="region") is None


async def test_what_cannot_be_written_raises_and_is_tried_again(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    target = Folder(tmp_path / "gone", host.instances)
    with pytest.raises(OSError, match="gone"):
        await target.send(await delivery(host, "1.2.3.1.1"))
