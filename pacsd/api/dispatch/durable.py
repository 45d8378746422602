"""Hooks whose calls must not be missed: each plugin is told by itself, and again if it fails."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from pacsd.api.dispatch.panel import Member, Panel
from pacsd.api.errors import HookError

Key = TypeVar("Key")


class Durable(Generic[Key]):
    """Several such hooks, by what they are told of; whoever calls remembers who was told."""

    def __init__(self, panels: Mapping[Key, Panel[None]]) -> None:
        self._panels = panels
        self._members: dict[tuple[str, Key], Member] = {
            (member.implementation.plugin, key): member
            for key, panel in panels.items()
            for member in panel.members
        }

    @property
    def plugins(self) -> tuple[str, ...]:
        """Who implements any of them."""
        return tuple(sorted({plugin for plugin, _ in self._members}))

    async def tell(self, plugin: str, key: Key, **arguments: object) -> None:
        """Tell a plugin; nothing happens if it does not implement this one.

        Raises:
            HookError: it failed, and is to be told again.
        """
        member = self._members.get((plugin, key))
        if member is None:
            return
        panel = self._panels[key]
        answer = await panel.ask(member, arguments, panel.deadline())
        if isinstance(answer, HookError):
            raise answer
