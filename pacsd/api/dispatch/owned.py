"""Hooks that are asked of one plugin: the one whose business it is."""

from typing import Generic

from pacsd.api.dispatch.panel import Answer, Panel
from pacsd.api.errors import HookError


class Owned(Generic[Answer]):
    """A hook of which each call is for one plugin."""

    def __init__(self, panel: Panel[Answer]) -> None:
        self._panel = panel
        self._members = {each.implementation.plugin: each for each in panel.members}

    @property
    def plugins(self) -> tuple[str, ...]:
        """Those that implement it."""
        return tuple(self._members)

    async def ask(self, plugin: str, **arguments: object) -> Answer:
        """What that plugin answers, which may be None.

        Raises:
            HookError: it failed, or does not implement the hook.
        """
        member = self._members.get(plugin)
        if member is None:
            raise HookError(plugin, self._panel.facts.name, "is not implemented")
        answer = await self._panel.ask(member, arguments, self._panel.deadline())
        if isinstance(answer, HookError):
            raise answer
        return answer
