"""Physicians see what they referred, those on a list see everything, all others nothing."""

from pydantic import Field

from pacsd.api.access import Restriction, SightRequest
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings


class OnlyMyPatientsSettings(Settings):
    """Who sees what; people are named as they log in, devices by their AE title."""

    physicians: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """By who it is, how it is written as Referring Physician's Name: ["MILLER^ANN*"]."""

    see_everything: tuple[str, ...] = ()
    """Who sees all there is, such as the workstations of the department."""


class OnlyMyPatients(Plugin[OnlyMyPatientsSettings]):
    """Restricts by Referring Physician's Name."""

    settings_class = OnlyMyPatientsSettings

    @hookimpl
    async def pacsd_restrict_query(self, request: SightRequest) -> Restriction | None:
        """Without any name that may match, nothing is seen."""
        if request.principal.name in self.settings.see_everything:
            return None
        names = self.settings.physicians.get(request.principal.name, ())
        return Restriction({"ReferringPhysicianName": names})
