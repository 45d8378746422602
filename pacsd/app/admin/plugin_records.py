"""What the admin commands answer about plugins: what they were asked, and how that ended."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HookCount:
    """The calls of one hook of one plugin since the daemon started.

    `failures` are those of `calls` that raised, were late or answered junk; `not_asked` are no
    calls: it rested, because it had failed too often. `rests_s` is for how long it still rests.
    """

    plugin: str
    hook: str
    calls: int
    failures: int
    not_asked: int
    seconds: float
    rests_s: float


@dataclass(frozen=True, slots=True)
class PluginState:
    """A plugin that the daemon runs: whether it is well, and if not, why."""

    plugin: str
    is_well: bool
    explanation: str


@dataclass(frozen=True, slots=True)
class TracedCall:
    """One call; `number` rises by one with each call since the daemon started.

    `kind` is of what kind the answer was, '' for None; `traceback` that of what was raised.
    """

    number: int
    ago_s: float
    plugin: str
    hook: str
    seconds: float
    ending: str
    kind: str = ""
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class TraceAnswer:
    """Some of the last calls, the oldest first.

    `first` and `last` are the numbers of the oldest call still known and of the newest, whether
    they are among `calls` or not; `last` is 0 and `first` 1 before there was any.
    """

    first: int
    last: int
    calls: tuple[TracedCall, ...]


@dataclass(frozen=True, slots=True)
class RunnableCommand:
    """A command that a plugin has added to `pacsd run`."""

    plugin: str
    name: str
    summary: str
