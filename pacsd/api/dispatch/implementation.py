"""One plugin's implementation of a hook, bound and ready to be called."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass

Arguments = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Implementation:
    """What is asked. `function` is given those arguments only that `parameters` name.

    `takes_all`: these are all that the hook has. `hops`: it answers from elsewhere - a thread,
    another process -, so that several can be asked at once. The others run on the event loop, one
    after the other.
    """

    plugin: str
    function: Callable[..., Coroutine[object, object, object]]
    parameters: tuple[str, ...]
    takes_all: bool
    hops: bool

    def begin(self, arguments: Arguments) -> Coroutine[object, object, object]:
        """The call, not yet begun."""
        if self.takes_all:
            return self.function(**arguments)
        return self.function(**{name: arguments[name] for name in self.parameters})
