"""All implementations of one hook, and how any of them is asked."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

import anyio

from pacsd.api.dispatch.breaker import FAILURES_IN_A_ROW, Breaker
from pacsd.api.dispatch.eager import TooLate, answer_by
from pacsd.api.dispatch.implementation import Arguments, Implementation
from pacsd.api.dispatch.tally import Call, Count, Ending, Tally
from pacsd.api.errors import HookError
from pacsd.api.hook_facts import HookFacts

Answer = TypeVar("Answer")

# What a plugin may raise without harm to the daemon; Ctrl-C passes.
CONTAINED = (Exception, SystemExit)

OnError = Callable[[HookError], None]


@dataclass(slots=True)
class Member:
    """An implementation, with what is known about how it does."""

    implementation: Implementation
    count: Count
    breaker: Breaker


class Panel(Generic[Answer]):
    """Asks the implementations of a hook, in their order; `Answer` is what each may answer.

    `on_error` is told what failed, with the exception as its `__cause__`, for the log; of one that
    rests it was told before.
    """

    def __init__(
        self,
        facts: HookFacts,
        implementations: Sequence[Implementation],
        tally: Tally,
        on_error: OnError,
    ) -> None:
        self.facts = facts
        self.members = tuple(
            Member(each, tally.count_of(facts.name, each.plugin), Breaker())
            for each in implementations
        )
        self._tally = tally
        self._on_error = on_error
        self._loop_members = tuple(each for each in self.members if not each.implementation.hops)
        self._hopping = tuple(each for each in self.members if each.implementation.hops)

    def deadline(self) -> float:
        """When a call that begins now has to have its answers, in the event loop's time."""
        return asyncio.get_running_loop().time() + self.facts.deadline_s

    async def ask(self, member: Member, arguments: Arguments, until: float) -> Answer | HookError:
        """Its answer, which may be None in any case, or what it did wrong. Cancellation passes."""
        clock = asyncio.get_running_loop().time
        began_at = clock()
        rest_s = member.breaker.rests(began_at)
        if rest_s:
            explanation = f"failed {FAILURES_IN_A_ROW} times in a row; not asked for {rest_s:.0f} s"
            return self._ended(member, began_at, Ending.RESTING, self._error(member, explanation))
        try:
            answer = await answer_by(member.implementation.begin(arguments), until)
        except TooLate:
            explanation = f"no answer within {self.facts.deadline_s:g} s"
            return self._failed(member, began_at, Ending.LATE, explanation)
        except asyncio.CancelledError as raised:
            if _is_cancelled():
                raise
            # Nobody cancelled us: it is the implementation's own, and would end whoever asks.
            return self._failed(member, began_at, Ending.RAISED, _describe(raised), raised)
        except CONTAINED as raised:
            return self._failed(member, began_at, Ending.RAISED, _describe(raised), raised)
        if answer is not None and not isinstance(answer, self.facts.answers):
            return self._failed(member, began_at, Ending.JUNK, self._junk(answer))
        member.breaker.answered()
        self._note(member, began_at, clock(), Ending.ANSWERED)
        return cast("Answer", answer)

    async def ask_all(self, arguments: Arguments) -> list[Answer | HookError]:
        """The answers of all, in their order. Those that hop are asked together."""
        until = self.deadline()
        if not self._hopping:
            return [await self.ask(member, arguments, until) for member in self.members]
        answers: dict[int, Answer | HookError] = {}

        async def ask(member: Member) -> None:
            answers[id(member)] = await self.ask(member, arguments, until)

        async with anyio.create_task_group() as tasks:
            for member in self._hopping:
                tasks.start_soon(ask, member, name=f"hook: {member.implementation.plugin}")
            for member in self._loop_members:
                await ask(member)
        return [answers[id(member)] for member in self.members]

    def _junk(self, answer: object) -> str:
        wanted = " or ".join([*(each.__name__ for each in self.facts.answers), "None"])
        return f"returned {type(answer).__name__} instead of {wanted}"

    def _error(self, member: Member, explanation: str) -> HookError:
        return HookError(member.implementation.plugin, self.facts.name, explanation)

    def _failed(
        self,
        member: Member,
        began_at: float,
        ending: Ending,
        explanation: str,
        cause: BaseException | None = None,
    ) -> HookError:
        error = self._error(member, explanation)
        error.__cause__ = cause
        member.breaker.failed(asyncio.get_running_loop().time())
        self._on_error(error)
        return self._ended(member, began_at, ending, error)

    def _ended(
        self, member: Member, began_at: float, ending: Ending, error: HookError
    ) -> HookError:
        self._note(member, began_at, asyncio.get_running_loop().time(), ending)
        return error

    def _note(self, member: Member, began_at: float, ended_at: float, ending: Ending) -> None:
        plugin = member.implementation.plugin
        call = Call(ended_at, self.facts.name, plugin, ended_at - began_at, ending)
        self._tally.note(member.count, call)


def _is_cancelled() -> bool:
    """Whether somebody wants the running task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _describe(raised: BaseException) -> str:
    return f"raised {type(raised).__name__}: {raised}"
