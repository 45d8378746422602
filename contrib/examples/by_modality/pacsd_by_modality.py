"""A plugin that chooses stores: instances of some modalities are kept in another one."""

from pydantic import Field

from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.receiving import ReceivedInstance, StoreChoice
from pacsd.api.settings import Settings


class ByModalitySettings(Settings):
    """Where what is kept."""

    stores: dict[str, str] = Field(default={}, examples=[{"MR": "store_s3"}])
    """The name of a store by Modality (0008,0060); what has another one goes to the first store."""


class ByModality(Plugin[ByModalitySettings]):
    """Looks at nothing but the modality: all series of one kind lie together."""

    settings_class = ByModalitySettings

    @hookimpl
    async def pacsd_choose_store(self, instance: ReceivedInstance) -> StoreChoice | None:
        """A name that is not configured would be answered with A700 until it is."""
        modality = instance.attributes.get("Modality", "")
        store = self.settings.stores.get(modality)
        return None if store is None else StoreChoice(store, f"modality {modality}")
