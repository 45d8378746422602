"""A target of routes: studies become files in a folder, for whoever fetches them from there."""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread

from pacsd.api.hooks import hookimpl
from pacsd.api.instances import Instances
from pacsd.api.plugin import Plugin
from pacsd.api.route_target import Delivery, DeliveryOutcome, DeliveryResult
from pacsd.api.settings import Settings


class FolderTargetSettings(Settings):
    """Where the files go."""

    folder: Path
    """It has to be there: a share that is not mounted must not be filled beside it."""


class FolderTarget(Plugin[FolderTargetSettings]):
    """Gives the target `folder`: an object, so that this plugin needs trusted = true."""

    settings_class = FolderTargetSettings

    @hookimpl
    async def pacsd_route_target(self, name: str) -> "Folder | None":
        """What routes name "folder" ends here."""
        return Folder(self.settings.folder, self.host.instances) if name == "folder" else None


class Folder:
    """The port RouteTarget. A file has its name once it is whole."""

    def __init__(self, folder: Path, instances: Instances) -> None:
        self._folder = folder
        self._instances = instances

    async def check(self) -> str | None:
        """Whether the folder is there."""
        return None if self._folder.is_dir() else f"there is no folder {self._folder}"

    async def send(self, delivery: Delivery, /) -> DeliveryResult:
        """What raises is tried again, such as a full disk; what is here already does no harm."""
        for facts in delivery.instances:
            path = self._folder / f"{facts.sop_instance_uid}.dcm"
            with await self._instances.open(facts.sop_instance_uid) as file:
                await anyio.to_thread.run_sync(_copy, file, path)
        return DeliveryResult(DeliveryOutcome.DELIVERED)


def _copy(file: BinaryIO, path: Path) -> None:
    with path.with_suffix(".part").open("wb") as part:
        shutil.copyfileobj(file, part)
        os.fsync(part.fileno())
    path.with_suffix(".part").replace(path)
