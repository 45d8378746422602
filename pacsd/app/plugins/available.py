"""The installed plugins, found without importing any."""

import importlib.metadata

from pacsd.api.errors import PluginError
from pacsd.api.plugin import ENTRY_POINT_GROUP


def available() -> dict[str, importlib.metadata.EntryPoint]:
    """The installed plugins by name.

    Raises:
        PluginError: two packages give a plugin the same name.
    """
    found: dict[str, importlib.metadata.EntryPoint] = {}
    for entry_point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        other = found.setdefault(entry_point.name, entry_point)
        if other.value != entry_point.value:
            raise PluginError(
                entry_point.name, f"provided twice, by {other.value} and {entry_point.value}"
            )
    return found
