"""Kind provider: one plugin answers for a name, with an object that implements a port."""

from collections.abc import Container, Mapping
from typing import Generic, cast

from pacsd.api.dispatch.panel import Answer, Panel
from pacsd.api.errors import HookError, NotProvided

_NOTHING: Mapping[str, object] = {}


class Provider(Generic[Answer]):
    """A hook that exactly one plugin answers for each name; asked once for each.

    `given` are arguments that all of them get beside `name`. A provider may ask for others while it
    answers, in the same task: a circle is an error. `made_of` says which ones each has asked for.
    """

    def __init__(self, panel: Panel[object]) -> None:
        self._panel = panel
        self._given = _NOTHING
        self._provided: dict[str, tuple[str, Answer]] = {}
        self._asked: list[str] = []
        self.made_of: dict[str, set[str]] = {}

    @property
    def plugins(self) -> set[str]:
        """Those whose providers are in use."""
        return {plugin for plugin, _ in self._provided.values()}

    def forget(self, plugins: Container[str]) -> None:
        """Ask again for the names that these plugins answered for."""
        self._provided = {
            name: (plugin, provider)
            for name, (plugin, provider) in self._provided.items()
            if plugin not in plugins
        }

    def give(self, arguments: Mapping[str, object]) -> None:
        """What all of them get from now on, beside the name."""
        self._given = arguments

    async def __call__(self, name: str) -> Answer:
        """The provider of `name`, the same each time.

        Raises:
            NotProvided: no plugin answers.
            HookError: two plugins do, or one of them fails or is late.
        """
        if self._asked:
            self.made_of.setdefault(self._asked[-1], set()).add(name)
        known = self._provided.get(name)
        if known is not None:
            return known[1]
        lineup = self._panel.lineup
        answer = await self._ask(name)
        # Who was asked before a reload may be gone: others are asked the next time.
        if self._panel.lineup is lineup:
            self._provided.setdefault(name, answer)
        return answer[1]

    async def _ask(self, name: str) -> tuple[str, Answer]:
        if name in self._asked:
            circle = " -> ".join([*self._asked, name])
            raise HookError(name, self._panel.facts.name, f"each needs the next one: {circle}")
        self._asked.append(name)
        try:
            answers = await self._panel.ask_all({**self._given, "name": name})
        finally:
            self._asked.pop()
        return self._only(answers, name)

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
