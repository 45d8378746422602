"""HookRecorder: a plugin that implements every hook there is, and writes down each call."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import wraps

from pacsd.api.hooks import HOOKS, hookimpl


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call of a hook, with all its arguments."""

    hook: str
    arguments: Mapping[str, object]


class HookRecorder:
    """For tests of whoever calls hooks.

    `answers` is what it answers, by the hook's name; None to all others. An exception among them is
    raised. `calls` are those so far, in their order.
    """

    def __init__(self, answers: Mapping[str, object] | None = None) -> None:
        unknown = {*(answers or {})} - {*HOOKS}
        if unknown:
            raise LookupError(f"{', '.join(sorted(unknown))}: there is no such hook")
        self.answers = dict(answers or {})
        self.calls: list[RecordedCall] = []
        for name, specification in HOOKS.items():
            setattr(self, name, self._recording(name, specification))

    def calls_of(self, hook: str) -> list[Mapping[str, object]]:
        """The arguments of each call of one hook."""
        return [call.arguments for call in self.calls if call.hook == hook]

    def record(self, hook: str, arguments: Mapping[str, object]) -> object:
        """Write a call down, and answer it."""
        self.calls.append(RecordedCall(hook, arguments))
        answer = self.answers.get(hook)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _recording(
        self, name: str, specification: Callable[..., object]
    ) -> Callable[..., Coroutine[object, object, object]]:
        # Its parameters are the specification's: so pluggy sees that it fits.
        @wraps(specification, updated=())
        async def implementation(**arguments: object) -> object:
            return self.record(name, arguments)

        return hookimpl(implementation)
