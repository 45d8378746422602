"""An event plugin: tells another system what happened, by lines in a file that it reads."""

from pathlib import Path

from pydantic import Field

from pacsd.api.events import ArchiveEvent
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings


class EventFileSettings(Settings):
    """Where the lines go."""

    path: Path = Field(default=Path("/var/lib/pacsd/events.tsv"))
    """The file; its folder must be there."""


class EventFile(Plugin[EventFileSettings]):
    """Appends event id, kind and UIDs. Who reads it knows an event that comes twice by its id."""

    settings_class = EventFileSettings

    def check(self) -> list[str]:
        """Without its folder nothing can be written."""
        folder = self.settings.path.parent
        return [] if folder.is_dir() else [f"path: there is no folder {folder}"]

    @hookimpl
    def pacsd_instance_stored(self, event: ArchiveEvent) -> None:
        """Told again when this raises, such as on a full disk."""
        self._append(event)

    @hookimpl
    def pacsd_study_quiet(self, event: ArchiveEvent) -> None:
        """The study is complete, as far as anybody can tell."""
        self._append(event)

    def _append(self, event: ArchiveEvent) -> None:
        uids = (event.study_instance_uid, event.series_instance_uid, event.sop_instance_uid)
        line = "\t".join((event.event_id, event.kind, *uids))
        # One write of a short line to a file opened for appending is never torn by another.
        with self.settings.path.open("a", encoding="utf-8", buffering=1) as file:
            file.write(f"{line}\n")
