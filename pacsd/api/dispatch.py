"""How the core calls hooks: implementations frozen to tuples, awaited within one deadline.

Two kinds so far. `First`: asked in turn until one answers; what fails is answered by the error
policy. `Provider`: asked once, exactly one must answer; what fails is raised.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar, cast

import anyio
import anyio.to_thread
import pluggy

from pacsd.api.errors import HookError

THREADS_PER_PLUGIN = 4

# What a plugin may raise without harm to the daemon; cancellation and Ctrl-C pass.
CONTAINED = (Exception, SystemExit)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Implementation:
    """One plugin's implementation of a hook, bound and ready to be called."""

    plugin: str
    function: Callable[..., object]
    parameters: tuple[str, ...]
    is_async: bool
    limiter: anyio.CapacityLimiter

    async def call(self, arguments: dict[str, object]) -> object:
        """Call it with the parameters it names, off the event loop unless it is async."""
        named = partial(self.function, **{name: arguments[name] for name in self.parameters})
        if self.is_async:
            return await cast("Awaitable[object]", named())
        return await anyio.to_thread.run_sync(named, limiter=self.limiter, abandon_on_cancel=True)


def freeze(manager: pluggy.PluginManager, hook: str) -> tuple[Implementation, ...]:
    """The registered implementations of a hook, in the order they are to be asked.

    Raises:
        HookError: an implementation is a wrapper, which would not be called.
    """
    caller: pluggy.HookCaller = getattr(manager.hook, hook)
    # pluggy keeps them in the reverse of the calling order.
    return tuple(_frozen(hook, found) for found in reversed(caller.get_hookimpls()))


def _frozen(hook: str, found: pluggy.HookImpl) -> Implementation:
    if found.wrapper or found.hookwrapper:
        raise HookError(found.plugin_name, hook, "wrappers are not supported")
    return Implementation(
        plugin=found.plugin_name,
        function=found.function,
        parameters=tuple(found.argnames),
        is_async=inspect.iscoroutinefunction(found.function),
        limiter=anyio.CapacityLimiter(THREADS_PER_PLUGIN),
    )


class First(Generic[Answer]):
    """A hook whose first answer other than None counts.

    `closed` makes the answer of a failed implementation; `on_error` is told what failed, with the
    exception as its `__cause__`, for log and metrics.
    """

    def __init__(
        self,
        hook: str,
        implementations: tuple[Implementation, ...],
        answer_class: type[Answer],
        *,
        deadline_s: float,
        closed: Callable[[HookError], Answer],
        on_error: Callable[[HookError], None],
    ) -> None:
        self._hook = hook
        self._implementations = implementations
        self._answer_class = answer_class
        self._deadline_s = deadline_s
        self._closed = closed
        self._on_error = on_error

    @property
    def is_implemented(self) -> bool:
        """Whether any plugin implements the hook, so that calling it can do anything."""
        return bool(self._implementations)

    async def __call__(self, **arguments: object) -> Answer | None:
        """Ask in turn; never raises, but for cancellation."""
        asked = ""
        with anyio.move_on_after(self._deadline_s) as scope:
            for implementation in self._implementations:
                asked = implementation.plugin
                answer = await self._ask(implementation, arguments)
                if answer is not None:
                    return answer
        if scope.cancelled_caught:
            return self._failed(asked, f"no answer within {self._deadline_s:g} s", None)
        return None

    async def _ask(
        self, implementation: Implementation, arguments: dict[str, object]
    ) -> Answer | None:
        try:
            answer = await implementation.call(arguments)
        except CONTAINED as raised:
            return self._failed(implementation.plugin, _describe(raised), raised)
        if answer is None or isinstance(answer, self._answer_class):
            return answer
        wanted = self._answer_class.__name__
        explanation = f"returned {type(answer).__name__} instead of {wanted} or None"
        return self._failed(implementation.plugin, explanation, None)

    def _failed(self, plugin: str, explanation: str, cause: BaseException | None) -> Answer:
        error = HookError(plugin, self._hook, explanation)
        error.__cause__ = cause
        self._on_error(error)
        return self._closed(error)


class Provider(Generic[Answer]):
    """A hook that exactly one plugin answers, with an object that implements a port."""

    def __init__(
        self, hook: str, implementations: tuple[Implementation, ...], *, deadline_s: float
    ) -> None:
        self._hook = hook
        self._implementations = implementations
        self._deadline_s = deadline_s

    async def __call__(self, name: str) -> Answer:
        """Ask every plugin for the provider of `name`.

        Raises:
            HookError: none or two of them answer, or one of them fails or is late.
        """
        asked = ""
        answers: dict[str, object] = {}
        with anyio.move_on_after(self._deadline_s) as scope:
            for implementation in self._implementations:
                asked = implementation.plugin
                answer = await self._ask(implementation, name)
                if answer is not None:
                    answers[asked] = answer
        if scope.cancelled_caught:
            raise HookError(asked, self._hook, f"no answer within {self._deadline_s:g} s")
        return self._only(answers, name)

    async def _ask(self, implementation: Implementation, name: str) -> object:
        try:
            return await implementation.call({"name": name})
        except CONTAINED as raised:
            raise HookError(implementation.plugin, self._hook, _describe(raised)) from raised

    def _only(self, answers: dict[str, object], name: str) -> Answer:
        if not answers:
            raise HookError(name, self._hook, f"no plugin provides '{name}'")
        if len(answers) > 1:
            plugins = " and ".join(answers)
            raise HookError(plugins, self._hook, f"both provide '{name}', only one may")
        # Only the plugin knows the class; that it implements the port is its contract.
        return cast("Answer", answers.popitem()[1])


def _describe(raised: BaseException) -> str:
    return f"raised {type(raised).__name__}: {raised}"
