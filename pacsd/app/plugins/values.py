"""The port `Values` of one plugin."""

from collections.abc import Sequence

from pacsd.app.plugins.index_asking import Ask
from pacsd.index.records import Scope

_ALL = Scope()


class PluginsValues:
    """What one plugin keeps."""

    def __init__(self, ask: Ask, plugin: str) -> None:
        self._ask = ask
        self._plugin = plugin

    async def get(self, key: str, /) -> bytes | None:
        """The value under a key."""
        with self._ask() as index:
            return await index.plugin_values.get(_ALL, self._plugin, key)

    async def put(self, key: str, value: bytes, /) -> None:
        """Keep a value."""
        with self._ask() as index:
            await index.plugin_values.put(_ALL, self._plugin, key, value)

    async def put_if_equal(self, key: str, value: bytes, expected: bytes | None, /) -> bool:
        """Keep a value if the one there now is the expected one."""
        with self._ask() as index:
            values = index.plugin_values
            return await values.put_if_equal(_ALL, self._plugin, key, value, expected)

    async def delete(self, key: str, /) -> bool:
        """Keep nothing under a key."""
        with self._ask() as index:
            return await index.plugin_values.delete(_ALL, self._plugin, key)

    async def keys(self, prefix: str = "", after: str = "", /) -> Sequence[str]:
        """Keys that begin so, in their order."""
        with self._ask() as index:
            return await index.plugin_values.keys(_ALL, self._plugin, prefix, after)
