"""Hooks whose implementations are asked one after the other: first and filter."""

from collections.abc import Callable
from typing import Generic, TypeVar

from pacsd.api.dispatch.panel import Answer, Panel, Waiting
from pacsd.api.errors import HookError
from pacsd.api.hook_facts import Policy

Value = TypeVar("Value")


class First(Generic[Answer]):
    """A hook whose first answer other than None counts.

    With the policy `closed`, `closed` makes the answer of one that failed; with `open` the next
    one is asked.
    """

    def __init__(self, panel: Panel[Answer], closed: Callable[[HookError], Answer]) -> None:
        self._panel = panel
        self._closed = closed
        self._is_closed = panel.facts.policy is Policy.CLOSED

    @property
    def is_implemented(self) -> bool:
        """Whether any plugin implements the hook, so that calling it can do anything."""
        return self._panel.is_implemented

    async def __call__(self, **arguments: object) -> Answer | None:
        """Ask in turn; never raises, but for cancellation."""
        if not self._panel.is_implemented:
            return None
        panel = self._panel
        until, lineup = panel.deadline(), panel.lineup
        lineup.running += 1
        try:
            for member in lineup.members:
                answer = panel.begin(member, arguments)
                if isinstance(answer, Waiting):
                    answer = await panel.finish(answer, until)
                if isinstance(answer, HookError):
                    if self._is_closed:
                        return self._closed(answer)
                elif answer is not None:
                    return answer
            return None
        finally:
            lineup.running -= 1
            if lineup.idleness is not None:
                lineup.tell_idle()


class Passage(Generic[Value, Answer]):
    """A hook through whose implementations a value goes, of kind filter, to be decided about.

    `parameter` is what they call it. Each is asked about what the answers before its own made of it
    (`become`); after one that is of `last`, if there is such a class, nobody is asked.
    """

    def __init__(
        self,
        panel: Panel[Answer],
        parameter: str,
        become: Callable[[Value, Answer], Value],
        last: type | None = None,
    ) -> None:
        self._panel = panel
        self._parameter = parameter
        self._become = become
        self._last = last

    @property
    def is_implemented(self) -> bool:
        """Whether any plugin implements the hook."""
        return self._panel.is_implemented

    async def __call__(self, value: Value) -> list[tuple[str, Answer]]:
        """The answers other than None, each with the name of the plugin that gave it.

        Raises:
            HookError: one of them failed.
        """
        until = self._panel.deadline()
        found: list[tuple[str, Answer]] = []
        with self._panel.lineup as lineup:
            for member in lineup.members:
                answer = await self._panel.ask(member, {self._parameter: value}, until)
                if isinstance(answer, HookError):
                    raise answer
                if answer is not None:
                    found.append((member.implementation.plugin, answer))
                    if self._last is not None and isinstance(answer, self._last):
                        break
                    value = self._become(value, answer)
        return found
