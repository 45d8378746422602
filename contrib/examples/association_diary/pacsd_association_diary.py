"""A plugin that keeps a diary: who was connected, for how long, and how that ended."""

from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field

from pacsd.api.acceptance import AssociationClosed
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings


class AssociationDiarySettings(Settings):
    """Where the diary is."""

    folder: Path = Field(default=Path("/var/log/pacsd"))
    """A folder, which must be there; each day has a file of its own."""


class AssociationDiary(Plugin[AssociationDiarySettings]):
    """Writes a line for each association; one that cannot be written is lost, and logged."""

    settings_class = AssociationDiarySettings

    def check(self) -> list[str]:
        """Without its folder nothing can be written."""
        folder = self.settings.folder
        return [] if folder.is_dir() else [f"folder: there is no {folder}"]

    @hookimpl
    def pacsd_association_closed(self, closed: AssociationClosed) -> None:
        """A plain function: writing to a file blocks, so it runs in a thread."""
        now = datetime.now(UTC)
        fields = (
            f"{now:%H:%M:%S}",
            f"{closed.calling_ae!a} at {closed.peer_host}",
            f"called {closed.called_ae!a}",
            f"{closed.seconds:.1f} s",
            closed.outcome,
        )
        path = self.settings.folder / f"{now:%Y-%m-%d}.txt"
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{', '.join(fields)}\n")
