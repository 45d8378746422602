"""Physicians see what they referred, those on a list see everything, all others nothing."""

from pydantic import Field

from pacsd.api.access import Restriction, SightRequest
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings


class OnlyMyPatientsSettings(Settings):
    """Who sees what; people are named as they log in, devices by their AE title.

    An AE title is no login: who calls as "ann" does not see what ann sees.
    """

    physicians: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """By who it is, how it is written as Referring Physician's Name: ["MILLER^ANN*"]."""

    see_everything: tuple[str, ...] = ()
    """Who sees all there is, of those who log in."""

    workstations: tuple[str, ...] = ()
    """AE titles that see all there is without a login; bind them to addresses as peers."""


class OnlyMyPatients(Plugin[OnlyMyPatientsSettings]):
    """Restricts by Referring Physician's Name."""

    settings_class = OnlyMyPatientsSettings

    @hookimpl
    async def pacsd_restrict_query(self, request: SightRequest) -> Restriction | None:
        """Without any name that may match, nothing is seen."""
        who, settings = request.principal, self.settings
        sees_all = settings.see_everything if who.is_authenticated else settings.workstations
        if who.name in sees_all:
            return None
        names = settings.physicians.get(who.name, ()) if who.is_authenticated else ()
        return Restriction({"ReferringPhysicianName": names})
