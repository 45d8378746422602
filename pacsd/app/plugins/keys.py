"""The port `Keys` of one plugin."""

from collections.abc import Callable

from pacsd.api.dispatch.provider import Provider
from pacsd.api.errors import Circular, HookError, NotProvided
from pacsd.api.keys import Key, KeyMissing, check_name


class PluginsKeys:
    """The keys of others for one plugin; `keys` raises KeyMissing while nobody provides any."""

    def __init__(self, keys: Callable[[], Provider[Key]], plugin: str) -> None:
        self._keys = keys
        self._plugin = plugin

    async def get(self, name: str, /) -> Key:
        """The key of this name."""
        check_name(name)
        try:
            provider, key = await self._keys().found(name)
        except (NotProvided, Circular) as error:
            raise KeyMissing(f"key '{name}': {error.explanation}") from error
        except HookError as error:
            raise KeyMissing(f"key '{name}': {error}") from error
        if provider == self._plugin:
            raise KeyMissing(f"key '{name}': plugin {provider} provides it itself")
        return key
