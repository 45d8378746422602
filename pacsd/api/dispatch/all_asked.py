"""Hooks whose implementations are all asked: notify, vote and collect."""

from collections.abc import Container
from typing import Generic

from pacsd.api.dispatch.panel import Answer, Panel
from pacsd.api.errors import HookError
from pacsd.api.hook_facts import Policy
from pacsd.api.vote import Allow, Deny


class Notify:
    """A hook whose implementations are told something."""

    def __init__(self, panel: Panel[None]) -> None:
        self._panel = panel

    @property
    def is_implemented(self) -> bool:
        """Whether any plugin implements the hook."""
        return self._panel.is_implemented

    async def __call__(self, **arguments: object) -> None:
        """Tell all of them; never raises, but for cancellation."""
        if self._panel.is_implemented:
            await self._panel.ask_all(arguments)

    async def tell(self, plugins: Container[str], **arguments: object) -> None:
        """Tell those of these plugins that implement it; never raises, but for cancellation."""
        await self._panel.ask_all(arguments, plugins)


class Vote:
    """A hook whose implementations may deny something.

    `without_allowance` is the denial of what nobody of them allows, as it is for pacsd_authorize;
    None: they may only object, as to a deletion, which somebody was allowed to want before.
    """

    def __init__(self, panel: Panel[Allow | Deny], without_allowance: Deny | None = None) -> None:
        self._panel = panel
        self._without_allowance = without_allowance
        self._is_closed = panel.facts.policy is Policy.CLOSED

    @property
    def is_implemented(self) -> bool:
        """Whether any plugin implements the hook."""
        return self._panel.is_implemented

    async def __call__(self, **arguments: object) -> Deny | None:
        """The first denial of all; with the policy `closed` one that fails denies, too.

        Never raises, but for cancellation.
        """
        if not self._panel.is_implemented:
            return None
        answers = [answer for _, answer in await self._panel.ask_all(arguments)]
        for answer in answers:
            if isinstance(answer, Deny):
                return answer
        failed = next((each for each in answers if isinstance(each, HookError)), None)
        if failed is not None and self._is_closed:
            return Deny(str(failed))
        is_allowed = any(isinstance(answer, Allow) for answer in answers)
        return None if is_allowed else self._without_allowance


class Collect(Generic[Answer]):
    """A hook whose implementations each add something."""

    def __init__(self, panel: Panel[Answer]) -> None:
        self._panel = panel
        self._is_closed = panel.facts.policy is Policy.CLOSED

    @property
    def is_implemented(self) -> bool:
        """Whether any plugin implements the hook."""
        return self._panel.is_implemented

    async def __call__(self, **arguments: object) -> list[tuple[str, Answer]]:
        """The answers other than None, each with the name of the plugin that gave it.

        Raises:
            HookError: one of them failed, and the policy is `closed`.
        """
        if not self._panel.is_implemented:
            return []
        found: list[tuple[str, Answer]] = []
        for plugin, answer in await self._panel.ask_all(arguments):
            if isinstance(answer, HookError):
                if self._is_closed:
                    raise answer
            elif answer is not None:
                found.append((plugin, answer))
        return found

    async def each(self, **arguments: object) -> list[tuple[str, Answer | HookError | None]]:
        """What each plugin says, be it nothing or that it failed; never raises."""
        return [*await self._panel.ask_all(arguments)] if self._panel.is_implemented else []
