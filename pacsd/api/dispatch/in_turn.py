"""Hooks whose implementations are asked one after the other: first and filter."""

from collections.abc import Callable
from typing import Generic

from pacsd.api.dispatch.panel import Answer, Panel, Waiting
from pacsd.api.errors import HookError
from pacsd.api.hook_facts import Policy


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


class Filter(Generic[Answer]):
    """A hook through whose implementations a value goes; `parameter` is what they call it."""

    def __init__(self, panel: Panel[Answer], parameter: str) -> None:
        self._panel = panel
        self._parameter = parameter
        self._is_closed = panel.facts.policy is Policy.CLOSED

    @property
    def is_implemented(self) -> bool:
        """Whether any plugin implements the hook."""
        return self._panel.is_implemented

    async def __call__(self, value: Answer, **arguments: object) -> Answer:
        """What becomes of a value.

        Raises:
            HookError: one of them failed, and the policy is `closed`.
        """
        if not self._panel.is_implemented:
            return value
        until = self._panel.deadline()
        with self._panel.lineup as lineup:
            for member in lineup.members:
                given = {**arguments, self._parameter: value}
                answer = await self._panel.ask(member, given, until)
                if isinstance(answer, HookError):
                    if self._is_closed:
                        raise answer
                elif answer is not None:
                    value = answer
        return value
