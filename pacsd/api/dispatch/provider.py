"""Kind provider: one plugin answers for a name, with an object of a port or with a record."""

from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import Generic, cast

import anyio

from pacsd.api.dispatch.asked_for import asked_for, asking_for
from pacsd.api.dispatch.lineup import Lineup
from pacsd.api.dispatch.panel import Answer, Panel
from pacsd.api.errors import HookError, NotProvided

MAX_KEPT = 1_000
"""Of names; what was kept first is asked for again when there are more."""

_NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class _Provided(Generic[Answer]):
    """Who answered for a name, and until when that holds."""

    plugin: str
    answer: Answer
    until_s: float


@dataclass(slots=True)
class _Asking(Generic[Answer]):
    """A question that others wait for, too; without an outcome who asked has given up."""

    lineup: Lineup
    over: anyio.Event = field(default_factory=anyio.Event)
    outcome: tuple[str, Answer] | HookError | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Use:
    """Work with what a plugin provided; `leaving` is what it counts in once it is broken off."""

    plugin: str
    scope: anyio.CancelScope
    leaving: ExitStack


class Provider(Generic[Answer]):
    """A hook that exactly one plugin answers for each name; asked once for each, or now and then.

    `given` are arguments that all of them get beside `name`. An answer is kept for `kept_s`. Who
    asks for the same at once waits for the same answer. A provider may ask for others while it
    answers: a circle is an error. If it `notes_needs`, `made_of` says which ones each has asked
    for; that grows with the names, which have to be few.
    """

    def __init__(
        self,
        panel: Panel[object],
        kept_s: float = inf,
        clock: Callable[[], float] = monotonic,
        *,
        notes_needs: bool = False,
    ) -> None:
        self._panel = panel
        self._kept_s = kept_s
        self._clock = clock
        self._notes_needs = notes_needs
        self._given = _NOTHING
        self._provided: dict[str, _Provided[Answer]] = {}
        self._asking: dict[str, _Asking[Answer]] = {}
        self._uses: set[_Use] = set()
        self.made_of: dict[str, set[str]] = {}

    @property
    def plugins(self) -> set[str]:
        """Those whose providers are in use."""
        self._drop_old()
        return {each.plugin for each in self._provided.values()}

    @property
    def is_implemented(self) -> bool:
        """Whether a plugin implements the hook now."""
        return self._panel.is_implemented

    @property
    def lineup(self) -> Lineup:
        """Who is asked; another one after each reload."""
        return self._panel.lineup

    @property
    def deadline_s(self) -> float:
        """How long an answer may take."""
        return self._panel.facts.deadline_s

    def plugin_of(self, name: str) -> str:
        """Whose provider is in use for a name, '' if none is."""
        known = self._provided.get(name)
        return "" if known is None else known.plugin

    def forget(self, plugins: Container[str]) -> None:
        """Ask again for the names that these plugins answered for; break off `until_forgotten`."""
        self._provided = {
            name: each for name, each in self._provided.items() if each.plugin not in plugins
        }
        for use in self._uses:
            if use.plugin in plugins and not use.scope.cancel_called:
                use.leaving.enter_context(self._panel.lineup)
                use.scope.cancel()

    @contextmanager
    def until_forgotten(self, plugin: str) -> Iterator[anyio.CancelScope]:
        """Work with what a plugin provided; the scope is cancelled when that is forgotten.

        From then on the work is a call in progress for whoever waits for the lineup of then.
        """
        with ExitStack() as leaving, anyio.CancelScope() as scope:
            use = _Use(plugin, scope, leaving)
            self._uses.add(use)
            try:
                yield scope
            finally:
                self._uses.remove(use)

    def give(self, arguments: Mapping[str, object]) -> None:
        """What all of them get from now on, beside the name."""
        self._given = arguments

    async def __call__(self, name: str) -> Answer:
        """The provider of `name`, the same each time as long as it is kept.

        Raises:
            NotProvided: no plugin answers.
            HookError: two plugins do, one of them fails or is late, or it is made of itself.
        """
        _, answer = await self.found(name)
        return answer

    async def found(self, name: str) -> tuple[str, Answer]:
        """The same, with the plugin that answered.

        Raises:
            NotProvided, HookError: as above.
        """
        self._note_need(name)
        known = self._known(name)
        if known is not None:
            return known.plugin, known.answer
        if asked_for():
            # Who is being asked for something waits for nobody else who is: two might for each
            # other.
            return await self._ask(name)
        while True:
            asking = self._asking.get(name)
            if asking is None or asking.lineup is not self._panel.lineup:
                return await self._ask_for_all(name)
            await asking.over.wait()
            if isinstance(asking.outcome, HookError):
                raise asking.outcome
            if asking.outcome is not None:
                return asking.outcome

    def _note_need(self, name: str) -> None:
        asked = asked_for() if self._notes_needs else ()
        if asked and asked[-1][0] == self._panel.facts.name:
            self.made_of.setdefault(asked[-1][1], set()).add(name)

    def _known(self, name: str) -> _Provided[Answer] | None:
        known = self._provided.get(name)
        if known is not None and self._clock() >= known.until_s:
            del self._provided[name]
            known = None
        return known

    async def _ask_for_all(self, name: str) -> tuple[str, Answer]:
        asking: _Asking[Answer] = _Asking(self._panel.lineup)
        self._asking[name] = asking
        try:
            asking.outcome = await self._ask(name)
        except HookError as error:
            asking.outcome = error
            raise
        finally:
            if self._asking.get(name) is asking:
                del self._asking[name]
            asking.over.set()
        return asking.outcome

    async def _ask(self, name: str) -> tuple[str, Answer]:
        lineup, hook = self._panel.lineup, self._panel.facts.name
        with asking_for(hook, name):
            answers = await self._panel.ask_all({**self._given, "name": name})
        plugin, answer = self._only(answers, name)
        # Who was asked before a reload may be gone: others are asked the next time.
        if self._panel.lineup is lineup and name not in self._provided:
            self._keep(name, plugin, answer)
        return plugin, answer

    def _keep(self, name: str, plugin: str, answer: Answer) -> None:
        self._drop_old()
        self._provided[name] = _Provided(plugin, answer, self._clock() + self._kept_s)
        if len(self._provided) > MAX_KEPT:
            del self._provided[next(iter(self._provided))]

    def _drop_old(self) -> None:
        # All are kept for the same time, so that the oldest come first.
        now = self._clock()
        while self._provided:
            name, oldest = next(iter(self._provided.items()))
            if now < oldest.until_s:
                return
            del self._provided[name]

    def _only(self, answers: list[tuple[str, object]], name: str) -> tuple[str, Answer]:
        hook = self._panel.facts.name
        found: dict[str, object] = {}
        for plugin, answer in answers:
            if isinstance(answer, HookError):
                raise answer
            if answer is not None:
                found[plugin] = answer
        if not found:
            raise NotProvided(name, hook, f"no plugin provides '{name}'")
        if len(found) > 1:
            raise HookError(" and ".join(found), hook, f"both provide '{name}', only one may")
        # Only the plugin knows the class; that it implements the port is its contract.
        plugin, provider = found.popitem()
        return plugin, cast("Answer", provider)
