"""Studies on a list are not deleted, whoever wants it: a court may ask for them."""

from pathlib import Path

from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.removal import RemovalRequest
from pacsd.api.settings import Settings
from pacsd.api.vote import Deny


class LegalHoldSettings(Settings):
    """Which studies."""

    studies: Path
    """A file with a Study Instance UID in each line; it is read anew for each deletion."""


class LegalHold(Plugin[LegalHoldSettings]):
    """Denies the deletion of listed studies, and of anything in them."""

    settings_class = LegalHoldSettings

    def check(self) -> list[str]:
        """A list that cannot be read would keep everything from being deleted."""
        path = self.settings.studies
        return [] if path.is_file() else [f"studies: there is no file {path}"]

    @hookimpl
    def pacsd_before_delete(self, request: RemovalRequest) -> Deny | None:
        """Plain, as it reads a file: it runs in a thread. What it raises denies, too."""
        held = self.settings.studies.read_text(encoding="utf-8").split()
        return Deny("it is under legal hold") if request.study_instance_uid in held else None
