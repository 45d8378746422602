"""A plugin that provides a key, which may be made of another's."""

from pacsd.api.errors import PluginError
from pacsd.api.hooks import hookimpl
from pacsd.api.keys import Key
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings


class VaultSettings(Settings):
    needs: str = ""


class Vault(Plugin[VaultSettings]):
    settings_class = VaultSettings

    @hookimpl
    async def pacsd_key(self, name: str) -> Key | None:
        if name != self.host.name:
            return None
        if name == "broken":
            raise RuntimeError("a secret")
        if name == "impostor":
            raise PluginError("another", "a secret")
        if not self.settings.needs:
            return Key(name, f"secret of {name}".encode())
        needed = await self.host.keys.get(self.settings.needs)
        return Key(name, needed.secret + f", of {name}".encode())
