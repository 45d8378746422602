"""An acceptance plugin: only callers whose AE title begins with one of our prefixes come in."""

from pydantic import Field

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings


class AEPrefixSettings(Settings):
    """Which callers are ours."""

    prefixes: tuple[str, ...] = Field(min_length=1)
    """Beginnings of the calling AE titles that may open an association."""


class AEPrefix(Plugin[AEPrefixSettings]):
    """Refuses callers with a foreign AE title."""

    settings_class = AEPrefixSettings

    def check(self) -> list[str]:
        """An empty prefix would let everybody in."""
        return ["prefixes: an empty one lets everybody in"] if "" in self.settings.prefixes else []

    @hookimpl
    async def pacsd_association_requested(self, request: AssociationRequest) -> Refusal | None:
        """Answered from memory, so it may be async."""
        if request.calling_ae.startswith(self.settings.prefixes):
            return None
        # Rejected-permanent, by the service user: calling AE title not recognized.
        return Refusal(1, 1, 3, f"{request.calling_ae!a} begins with none of our prefixes")
