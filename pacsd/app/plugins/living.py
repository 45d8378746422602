"""How a plugin lives: the keys of its table that are the daemon's business and not its own.

What pacsd comes with lives in the daemon. What somebody else wrote lives in a process of its own,
unless the configuration says that it is trusted.
"""

from collections.abc import Mapping
from enum import StrEnum
from importlib.metadata import EntryPoint

from pydantic import Field, ValidationError

from pacsd.api.plugin import DAEMON_KEYS
from pacsd.api.settings import Settings
from pacsd.app.conf.decode import Problem, decode_strictly, find_problems, format_value
from pacsd.app.plugins.available import OWN_PACKAGE


class Isolation(StrEnum):
    """Where a plugin lives."""

    INLINE = "inline"
    """On the event loop of the daemon."""
    THREAD = "thread"
    """On an event loop of its own, in a thread of the daemon."""
    PROCESS = "process"
    """In a process of its own."""


class Living(Settings):
    """Keys that every table `[plugins.NAME]` may have."""

    trusted: bool = False
    """Whether a plugin that pacsd does not come with may live in the daemon."""

    isolation: Isolation | None = None
    """Where it lives: "inline" or "thread" in the daemon, "process" in a process of its own, which
    is killed when it hangs or takes too much memory. Without this key "inline" for what pacsd comes
    with or is trusted, else "process"."""

    memory_mb: int = Field(default=1024, ge=64, le=1_048_576)
    """How much memory its process may take, if it has one, in MiB."""


class LivingRefused(Exception):
    """Keys are wrong; `problems` says which, their paths within the table."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(
            "; ".join(f"{'.'.join(map(str, each.path))} {each.rule}" for each in problems)
        )
        self.problems = problems


def living_of(table: Mapping[str, object], entry_point: EntryPoint) -> tuple[Isolation, Living]:
    """Where the plugin of a table lives, and how.

    Raises:
        LivingRefused: a key is wrong, or it may not live there.
    """
    given = {name: value for name, value in table.items() if name in DAEMON_KEYS}
    try:
        living = decode_strictly(Living, given)
    except ValidationError as error:
        raise LivingRefused(find_problems(Living, error)) from error
    is_trusted = living.trusted or is_ours(entry_point)
    isolation = living.isolation or (Isolation.INLINE if is_trusted else Isolation.PROCESS)
    if isolation is not Isolation.PROCESS and not is_trusted:
        rule = "only a plugin with trusted = true lives in the daemon"
        raise LivingRefused([Problem(("isolation",), format_value(isolation), rule)])
    return isolation, living


def own_keys(table: Mapping[str, object]) -> dict[str, object]:
    """What of a table is the plugin's own."""
    return {name: value for name, value in table.items() if name not in DAEMON_KEYS}


def is_ours(entry_point: EntryPoint) -> bool:
    """Whether pacsd comes with a plugin."""
    return entry_point.dist is not None and entry_point.dist.name == OWN_PACKAGE
