"""Pseudonyms of Patient IDs, by a key of another plugin: `pacsd run pseudonyms of ID...`."""

import hmac

from pacsd.api.commands import CommandAnswer, PluginCommand
from pacsd.api.hooks import hookimpl
from pacsd.api.host import HostError
from pacsd.api.keys import Key
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings

LENGTH = 32
"""128 bits as hexadecimal digits, which fits into a Patient ID (VR LO)."""


class PseudonymsSettings(Settings):
    """How pseudonyms are made."""

    key_name: str = "pseudonyms"
    """Of the key: who has that finds out whose pseudonym it is."""

    issuer: str = ""
    """Issuer of Patient ID: the same ID of another issuer is another patient."""


class Pseudonyms(Plugin[PseudonymsSettings]):
    """Tells them at the machine itself, where all patients are known anyway."""

    settings_class = PseudonymsSettings

    @hookimpl
    async def pacsd_commands(self) -> tuple[PluginCommand, ...]:
        """The one there is."""
        return (PluginCommand("of", "the pseudonyms of these Patient IDs"),)

    @hookimpl
    async def pacsd_command(self, arguments: tuple[str, ...]) -> CommandAnswer:
        """With the ID of the key: others made with it are of the same list."""
        try:
            key = await self.host.keys.get(self.settings.key_name)
        except HostError as error:
            return CommandAnswer(str(error), exit_code=1)
        issuer = self.settings.issuer
        told = (f"{each}\t{pseudonym(key, each, issuer)}" for each in arguments)
        return CommandAnswer("\n".join((f"key {key.key_id}", *told)))


def pseudonym(key: Key, patient_id: str, issuer: str = "") -> str:
    """HMAC-SHA256 of issuer and ID, between which is what neither has (PS3.5 section 6.2: LO)."""
    text = f"{issuer}\\{patient_id}".encode()
    return hmac.digest(key.secret, text, "sha256").hex()[:LENGTH]
