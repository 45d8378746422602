"""A routing plugin: everything goes to the archive of the region, but for screenshots."""

from pydantic import Field

from pacsd.api.event_subject import EventSubject
from pacsd.api.events import EventKind
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.routing import Route
from pacsd.api.settings import Settings

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
"""Secondary Capture Image Storage; its multi-frame kinds have one number more (PS3.4 annex B.5)."""


class NoScreenshotsSettings(Settings):
    """Where the rest goes."""

    target: str = Field(default="peer:REGION", min_length=1)
    """The target: "peer:" and the AE title of a peer of the peers file."""


class NoScreenshots(Plugin[NoScreenshotsSettings]):
    """Looks at each instance by itself: what patients are shown on screens stays in the house."""

    settings_class = NoScreenshotsSettings

    @hookimpl
    async def pacsd_route(self, subject: EventSubject) -> tuple[Route, ...] | None:
        """What came from the region does not go back there."""
        if subject.event.kind is not EventKind.INSTANCE_STORED:
            return None
        sop_class = subject.attributes.get("SOPClassUID", "")
        is_screenshot = f"{sop_class}.".startswith(f"{SECONDARY_CAPTURE}.")
        came_from = f"peer:{subject.reception.calling_ae}"
        if is_screenshot or came_from == self.settings.target:
            return None
        return (Route(self.settings.target, "no screenshot"),)
