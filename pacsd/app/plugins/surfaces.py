"""What plugins add to the daemon's surfaces: routes over HTTP, and commands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pacsd.api.commands import PluginCommand
from pacsd.app.plugins.commands import command_table
from pacsd.app.plugins.hooks import Hooks
from pacsd.app.plugins.routes import route_table
from pacsd.net.web.plugin_routes import RouteTable


@dataclass(slots=True)
class Surfaces:
    """All of it; `commands` by plugin. After a reload it is what plugins say then."""

    routes: RouteTable = field(default_factory=RouteTable)
    commands: Mapping[str, Sequence[PluginCommand]] = field(default_factory=dict)

    def take(self, other: "Surfaces") -> None:
        """Be as another one, which plugins have said since."""
        self.routes, self.commands = other.routes, other.commands


async def surfaces_of(hooks: Hooks) -> Surfaces:
    """What the plugins that have started say.

    Raises:
        PluginError, HookError: something of it may not be.
    """
    return Surfaces(await route_table(hooks), await command_table(hooks))
