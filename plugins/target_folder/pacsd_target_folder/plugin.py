"""TargetFolder: the hook by which pacsd asks for a folder."""

from collections.abc import Sequence
from functools import partial

import anyio
import anyio.to_thread

from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.route_target import RouteTarget
from pacsd_target_folder.folder import Folder
from pacsd_target_folder.settings import FolderSettings, TargetFolderSettings, problems
from pacsd_target_folder.writing import remove_left_over

PREFIX = "folder:"
"""Of the names of such targets."""


class TargetFolder(Plugin[TargetFolderSettings]):
    """Gives the targets `folder:NAME`."""

    settings_class = TargetFolderSettings

    def check(self) -> Sequence[str]:
        """What of the settings cannot be used. Folders that are not there now may come back."""
        return problems(self.settings)

    @hookimpl
    async def pacsd_route_target(self, name: str) -> RouteTarget | None:
        """The folder of this name; what a crash left half in it is removed."""
        if not name.startswith(PREFIX):
            return None
        for each in self.settings.target:
            if each.name == name.removeprefix(PREFIX):
                await self._tidy(each)
                return Folder(each, self.host)
        return None

    async def _tidy(self, settings: FolderSettings) -> None:
        """Remove left-over parts, if the folder answers soon enough: they do no harm."""
        work = partial(remove_left_over, settings.path)
        limiter = anyio.CapacityLimiter(1)
        with anyio.move_on_after(min(settings.patience_s, 10.0)):
            try:
                removed = await anyio.to_thread.run_sync(
                    work, abandon_on_cancel=True, limiter=limiter
                )
            except OSError as error:
                why = error.strerror or str(error)
                self.host.logger.warning("left-over parts stay", target=settings.name, why=why)
            else:
                if removed:
                    self.host.logger.info(
                        "left-over parts removed", target=settings.name, files=removed
                    )
