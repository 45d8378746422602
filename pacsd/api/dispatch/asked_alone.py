"""A hook whose questions must not be missed: each plugin is asked by itself, and again if it fails.

What one answers is kept before the next is asked, so that no failure costs another's answer.
"""

from typing import Generic

from pacsd.api.dispatch.panel import Answer, Member, Panel
from pacsd.api.errors import HookError


class AskedAlone(Generic[Answer]):
    """Such a hook; whoever calls remembers who was asked."""

    def __init__(self, panel: Panel[Answer]) -> None:
        self._panel = panel
        self._members: dict[str, Member] = {
            member.implementation.plugin: member for member in panel.members
        }

    @property
    def plugins(self) -> tuple[str, ...]:
        """Who implements it."""
        return tuple(sorted(self._members))

    async def ask(self, plugin: str, **arguments: object) -> Answer | None:
        """The answer of a plugin; None also if it does not implement the hook.

        Raises:
            HookError: it failed, and is to be asked again.
        """
        member = self._members.get(plugin)
        if member is None:
            return None
        answer = await self._panel.ask(member, arguments, self._panel.deadline())
        if isinstance(answer, HookError):
            raise answer
        return answer
