"""Kind provider: one plugin answers for a name, with an object that implements a port."""

from collections.abc import Mapping
from typing import Generic, cast

from pacsd.api.dispatch.panel import Answer, Panel
from pacsd.api.errors import HookError

_NOTHING: Mapping[str, object] = {}


class Provider(Generic[Answer]):
    """A hook that exactly one plugin answers for each name; asked once for each.

    `given` are arguments that all of them get beside `name`. A provider may ask for others while it
    answers, in the same task: a circle is an error. `plugins` are those whose providers are in use.
    """

    def __init__(self, panel: Panel[object]) -> None:
        self._panel = panel
        self._given = _NOTHING
        self._provided: dict[str, Answer] = {}
        self.plugins: set[str] = set()
        self._asked: list[str] = []

    def give(self, arguments: Mapping[str, object]) -> None:
        """What all of them get from now on, beside the name."""
        self._given = arguments

    async def __call__(self, name: str) -> Answer:
        """The provider of `name`, the same each time.

        Raises:
            HookError: none or two plugins answer, or one of them fails or is late.
        """
        if name not in self._provided:
            self._provided[name] = await self._ask(name)
        return self._provided[name]

    async def _ask(self, name: str) -> Answer:
        if name in self._asked:
            circle = " -> ".join([*self._asked, name])
            raise HookError(name, self._panel.facts.name, f"each needs the next one: {circle}")
        self._asked.append(name)
        try:
            answers = await self._panel.ask_all({**self._given, "name": name})
        finally:
            self._asked.pop()
        return self._only(answers, name)

    def _only(self, answers: list[tuple[str, object]], name: str) -> Answer:
        hook = self._panel.facts.name
        found: dict[str, object] = {}
        for plugin, answer in answers:
            if isinstance(answer, HookError):
                raise answer
            if answer is not None:
                found[plugin] = answer
        if not found:
            raise HookError(name, hook, f"no plugin provides '{name}'")
        if len(found) > 1:
            raise HookError(" and ".join(found), hook, f"both provide '{name}', only one may")
        # Only the plugin knows the class; that it implements the port is its contract.
        plugin, provider = found.popitem()
        self.plugins.add(plugin)
        return cast("Answer", provider)
