"""Hooks that are asked of one plugin at a time: the one whose business it is, or each by itself.

What one answers is kept before the next is asked, so that no failure costs another's answer.
"""

from typing import Generic

from pacsd.api.dispatch.panel import Answer, Panel
from pacsd.api.errors import HookError


class AskedAlone(Generic[Answer]):
    """Such a hook; whoever calls knows whom to ask."""

    def __init__(self, panel: Panel[Answer]) -> None:
        self._panel = panel

    @property
    def plugins(self) -> tuple[str, ...]:
        """Who implements it now."""
        return tuple(sorted(each.implementation.plugin for each in self._panel.lineup.members))

    async def ask(self, plugin: str, **arguments: object) -> Answer | None:
        """The answer of a plugin, which may be None.

        Raises:
            HookError: it failed, or does not implement the hook now: after a reload it may again.
        """
        for _, answer in await self._panel.ask_all(arguments, {plugin}):
            if isinstance(answer, HookError):
                raise answer
            return answer
        raise HookError(plugin, self._panel.facts.name, "is not implemented now")
