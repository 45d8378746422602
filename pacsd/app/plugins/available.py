"""The installed plugins, found without importing any."""

import importlib.metadata
from dataclasses import dataclass

from pacsd.api.errors import PluginError
from pacsd.api.plugin import ENTRY_POINT_GROUP

OWN_PACKAGE = "pacsd"


@dataclass(frozen=True, slots=True)
class InstalledPlugin:
    """A plugin and the package that brings it; '' where the installation does not say."""

    name: str
    package: str
    version: str

    @property
    def is_first_party(self) -> bool:
        """Whether it came with pacsd itself."""
        return self.package == OWN_PACKAGE


def installed() -> list[InstalledPlugin]:
    """The installed plugins with their packages, by name; raises as `available` does."""
    return [_with_package(entry_point) for _, entry_point in sorted(available().items())]


def _with_package(entry_point: importlib.metadata.EntryPoint) -> InstalledPlugin:
    package = entry_point.dist
    if package is None:
        return InstalledPlugin(entry_point.name, "", "")
    return InstalledPlugin(entry_point.name, package.name, package.version)


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
