"""A gate of instances: completes some, lets those without an order wait, suspects strangers."""

from pydantic import Field

from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.receiving import Coerce, Hold, Quarantine, ReceivedInstance
from pacsd.api.settings import Settings


class ReceptionSettings(Settings):
    """What comes in how."""

    institutions: dict[str, str] = Field(default_factory=dict)
    """Institution Name by calling AE title, for modalities that send none, or a wrong one."""

    needs_order: bool = True
    """Whether what has no Accession Number waits until somebody releases it."""

    modalities: tuple[str, ...] = ()
    """The modalities there are here; others are suspicious. None given: all may come."""


class Reception(Plugin[ReceptionSettings]):
    """Decides by the header alone; what is held or in quarantine: `pacsd quarantine list`."""

    settings_class = ReceptionSettings

    @hookimpl
    async def pacsd_instance_received(
        self, instance: ReceivedInstance
    ) -> Coerce | Hold | Quarantine | None:
        """No patient's values in the reasons: they are shown in lists."""
        modality = instance.attributes.get("Modality", "")
        if self.settings.modalities and modality not in self.settings.modalities:
            return Quarantine("it is of a modality that is not here")
        if self.settings.needs_order and not instance.attributes.get("AccessionNumber"):
            return Hold("it has no Accession Number: what order is it of?")
        name = self.settings.institutions.get(instance.reception.calling_ae)
        return None if name is None else Coerce({"InstitutionName": name}, "by its AE title")
