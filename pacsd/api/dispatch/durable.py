"""Hooks whose calls must not be missed: each plugin is told by itself, and again if it fails."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from pacsd.api.dispatch.panel import Panel
from pacsd.api.errors import HookError

Key = TypeVar("Key")


class Durable(Generic[Key]):
    """Several such hooks, by what they are told of; whoever calls remembers who was told."""

    def __init__(self, panels: Mapping[Key, Panel[None]]) -> None:
        self._panels = panels

    @property
    def plugins(self) -> tuple[str, ...]:
        """Who implements any of them now."""
        members = (each for panel in self._panels.values() for each in panel.lineup.members)
        return tuple(sorted({each.implementation.plugin for each in members}))

    async def tell(self, plugin: str, key: Key, **arguments: object) -> None:
        """Tell a plugin; nothing happens if it does not implement this one, but others.

        Raises:
            HookError: it failed, or implements none of them now, and is to be told again.
        """
        panel = self._panels[key]
        if plugin not in self.plugins:
            raise HookError(plugin, panel.facts.name, "is not implemented now")
        for _, answer in await panel.ask_all(arguments, {plugin}):
            if isinstance(answer, HookError):
                raise answer
