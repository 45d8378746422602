"""How the implementations of one hook are asked, whoever they are at the time."""

import asyncio
from collections.abc import Callable, Container, Coroutine, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar, cast

import anyio

from pacsd.api.dispatch.answer_kinds import kind_of
from pacsd.api.dispatch.breaker import FAILURES_IN_A_ROW
from pacsd.api.dispatch.eager import TooLate, finish_within
from pacsd.api.dispatch.implementation import Arguments, Implementation
from pacsd.api.dispatch.lineup import Lineup, Member
from pacsd.api.dispatch.own_traceback import own_traceback
from pacsd.api.dispatch.tally import Call, Ending, Tally
from pacsd.api.errors import HookError, PluginError
from pacsd.api.hook_facts import HookFacts

Answer = TypeVar("Answer")

# What a plugin may raise without harm to the daemon; Ctrl-C passes.
CONTAINED = (Exception, SystemExit, asyncio.CancelledError)

OnError = Callable[[HookError], None]
OnAnswer = Callable[[str, str, object], None]
"""Is told the plugin, the hook and an answer other than None."""
Fits = Callable[[object, Arguments], object]
"""Raises ValueError for an answer of the right class that is none to what was asked."""


@dataclass(slots=True)
class Waiting:
    """A call that has begun, and waits for something."""

    member: Member
    arguments: Arguments
    began_at: float
    call: Coroutine[object, object, object]
    waits_for: object


class Panel(Generic[Answer]):
    """Asks the implementations of a hook, in their order; `Answer` is what each may answer.

    `fits` looks into what is answered, to what. `on_error` is told what failed, with the exception
    as its `__cause__`, for the log; of one that rests it was told before. `on_answer` is told who
    answered what.
    """

    def __init__(
        self,
        facts: HookFacts,
        implementations: Sequence[Implementation],
        tally: Tally,
        on_error: OnError,
        fits: Fits | None = None,
        on_answer: OnAnswer | None = None,
    ) -> None:
        self.facts = facts
        self._on_answer = on_answer
        self._tally = tally
        self._on_error = on_error
        self._fits = fits
        self.lineup = self._lineup_of(implementations)
        self.is_implemented = bool(self.lineup.members)

    def replace(self, implementations: Sequence[Implementation]) -> Lineup:
        """Ask these from now on; calls in progress end with those before, which are returned."""
        before, self.lineup = self.lineup, self._lineup_of(implementations)
        self.is_implemented = bool(self.lineup.members)
        before.replaced = True
        return before

    def deadline(self) -> float:
        """When a call that begins now has to have its answers."""
        return monotonic() + self.facts.deadline_s

    async def ask(self, member: Member, arguments: Arguments, until: float) -> Answer | HookError:
        """Its answer, which may be None in any case, or what it did wrong. Cancellation passes."""
        answer = self.begin(member, arguments)
        return await self.finish(answer, until) if isinstance(answer, Waiting) else answer

    def begin(self, member: Member, arguments: Arguments) -> Answer | HookError | Waiting:
        """As `ask`, but a call that does not answer at once is left to `finish`."""
        began_at = monotonic()
        if member.breaker.rests_until > began_at:
            return self._resting(member, began_at)
        try:
            call = member.implementation.begin(arguments)
            waits_for = call.send(None)
        except StopIteration as answered:
            return self._judged(member, arguments, began_at, answered.value)
        except CONTAINED as raised:
            return self._contained(member, began_at, raised)
        return Waiting(member, arguments, began_at, call, waits_for)

    async def finish(self, waiting: Waiting, until: float) -> Answer | HookError:
        """The rest of a call that waits."""
        member, began_at = waiting.member, waiting.began_at
        seconds = until - monotonic()
        try:
            answer = await finish_within(waiting.call, waiting.waits_for, seconds)
        except TooLate:
            explanation = f"no answer within {self.facts.deadline_s:g} s"
            return self._failed(member, began_at, Ending.LATE, explanation)
        except CONTAINED as raised:
            return self._contained(member, began_at, raised)
        return self._judged(member, waiting.arguments, began_at, answer)

    async def ask_all(
        self, arguments: Arguments, among: Container[str] | None = None
    ) -> list[tuple[str, Answer | HookError]]:
        """The plugins with their answers, in their order; `among`: of these plugins only.

        Those that hop are asked together.
        """
        with self.lineup as lineup:
            members = [
                each
                for each in lineup.members
                if among is None or each.implementation.plugin in among
            ]
            answers = await self._answers(members, arguments)
        return [
            (member.implementation.plugin, answer)
            for member, answer in zip(members, answers, strict=True)
        ]

    async def _answers(
        self, members: Sequence[Member], arguments: Arguments
    ) -> list[Answer | HookError]:
        until = self.deadline()
        hopping = [each for each in members if each.implementation.hops]
        if not hopping:
            return [
                await self.finish(answer, until) if isinstance(answer, Waiting) else answer
                for answer in (self.begin(member, arguments) for member in members)
            ]
        answers: dict[int, Answer | HookError] = {}

        async def ask(member: Member) -> None:
            answers[id(member)] = await self.ask(member, arguments, until)

        async with anyio.create_task_group() as tasks:
            for member in hopping:
                tasks.start_soon(ask, member, name=f"hook: {member.implementation.plugin}")
            for member in members:
                if not member.implementation.hops:
                    await ask(member)
        return [answers[id(member)] for member in members]

    def _lineup_of(self, implementations: Sequence[Implementation]) -> Lineup:
        hook = self.facts.name
        return Lineup(
            [Member(each, self._tally.count_of(hook, each.plugin)) for each in implementations]
        )

    def _judged(
        self, member: Member, arguments: Arguments, began_at: float, answer: object
    ) -> Answer | HookError:
        junk = "" if answer is None else self._junk(answer, arguments)
        if junk:
            return self._failed(member, began_at, Ending.JUNK, f"returned {junk}")
        member.breaker.answered()
        ended_at, hook = monotonic(), self.facts.name
        plugin, kind = member.implementation.plugin, ""
        if answer is not None:
            kind = kind_of(answer)
            if self._on_answer is not None:
                self._on_answer(plugin, hook, answer)
        self._tally.note_answer(member.count, hook, plugin, ended_at, ended_at - began_at, kind)
        return cast("Answer", answer)

    def _junk(self, answer: object, arguments: Arguments) -> str:
        """What is wrong with an answer, '' if nothing is."""
        if not isinstance(answer, self.facts.answers):
            wanted = " or ".join([*(each.__name__ for each in self.facts.answers), "None"])
            return f"{type(answer).__name__} instead of {wanted}"
        try:
            if self._fits is not None:
                self._fits(answer, arguments)
        except ValueError as misfit:
            return str(misfit)
        return ""

    def _contained(self, member: Member, began_at: float, raised: BaseException) -> HookError:
        cause: BaseException | None
        # If nobody cancelled us it is the implementation's own, and would end whoever asks.
        if isinstance(raised, asyncio.CancelledError) and _is_cancelled():
            raise raised
        if isinstance(raised, PluginError):
            # Of its home, which says what it was, and what it knows of where; of a secret hook
            # nothing that the implementation says.
            cause, explanation = raised.__cause__, raised.explanation
            traceback = raised.traceback if isinstance(raised, HookError) else ""
        else:
            text = "" if self.facts.is_secret else f": {raised}"
            cause, explanation = raised, f"raised {type(raised).__name__}{text}"
            traceback = ""
        if self.facts.is_secret:
            cause, traceback = None, ""
        elif not traceback and cause is not None:
            traceback = own_traceback(cause)
        return self._failed(member, began_at, Ending.RAISED, explanation, cause, traceback)

    def _resting(self, member: Member, began_at: float) -> HookError:
        rest_s = member.breaker.rests_until - began_at
        explanation = f"failed {FAILURES_IN_A_ROW} times in a row; not asked for {rest_s:.0f} s"
        self._note(member, began_at, Ending.RESTING)
        return self._error(member, explanation)

    def _error(self, member: Member, explanation: str) -> HookError:
        return HookError(member.implementation.plugin, self.facts.name, explanation)

    def _failed(
        self,
        member: Member,
        began_at: float,
        ending: Ending,
        explanation: str,
        cause: BaseException | None = None,
        traceback: str = "",
    ) -> HookError:
        error = self._error(member, explanation)
        error.__cause__, error.traceback = cause, traceback
        error.is_late = ending is Ending.LATE
        member.breaker.failed(monotonic())
        self._note(member, began_at, ending, traceback)
        self._on_error(error)
        return error

    def _note(self, member: Member, began_at: float, ending: Ending, traceback: str = "") -> None:
        ended_at, hook = monotonic(), self.facts.name
        took_s, plugin = ended_at - began_at, member.implementation.plugin
        call = Call(ended_at, hook, plugin, took_s, ending, traceback=traceback)
        self._tally.note(member.count, call)


def _is_cancelled() -> bool:
    """Whether somebody wants the running task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
