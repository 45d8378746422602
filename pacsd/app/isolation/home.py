"""How a plugin lives, from the outside: what all ways of living have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from anyio.abc import TaskGroup

START_DEADLINE_S = 30.0
STOP_GRACE_S = 10.0
MAX_CALLS = 64
"""How many calls of a plugin may be unanswered at a time."""


@dataclass(frozen=True, slots=True)
class Enabled:
    """A plugin that the configuration names; nothing of it is imported yet.

    `entry_point` is `module:class`, `table` what stands in `[plugins.NAME]`.
    """

    name: str
    entry_point: str
    table: Mapping[str, object]
    data_dir: Path


@dataclass(frozen=True, slots=True)
class HookTraits:
    """How a plugin implements a hook: the parameters it names, and where it wants to be asked."""

    parameters: tuple[str, ...]
    is_tryfirst: bool
    is_trylast: bool


class State(StrEnum):
    """Where a plugin is in its life."""

    RUNNING = "running"
    RESTARTING = "restarting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Health:
    """How a plugin does.

    `retry_in_s` is when one that is restarting is tried again; `pid` and `resident_bytes` are those
    of a process of its own.
    """

    state: State
    restarts: int = 0
    retry_in_s: float | None = None
    pid: int | None = None
    resident_bytes: int | None = None


class Home(Protocol):
    """Where a plugin lives. Made without importing it."""

    @property
    def hooks(self) -> Mapping[str, HookTraits]:
        """The hooks it implements; known once it was started."""

    def check(self) -> Sequence[str]:
        """Import it, decode its table, construct it, and ask what would keep it from working.

        Blocks; not to be called on an event loop.

        Raises:
            SettingsRefused: its table does not fit its settings.
            PluginError: it cannot be imported or constructed, or its hooks do not fit.
        """

    async def start(self, tasks: TaskGroup) -> None:
        """The same but for the asking, then its `startup`.

        What it needs beside itself runs in `tasks` until it is stopped.

        Raises:
            SettingsRefused, PluginError: as `check`; or it did not start up, or not in time.
        """

    async def call(self, hook: str, arguments: Mapping[str, object]) -> object:
        """Call its implementation of a hook with the parameters that it names.

        Who waits no longer cancels: what becomes of the plugin then is its home's affair.

        Raises:
            HookError: it raised, exited or returned something else than the hook specifies; what
                it raised is the `__cause__`, unless it raised it elsewhere.
            PluginError: it is not running, or has too many calls unanswered.
        """

    async def stop(self) -> None:
        """Ask it to shut down, for a while, and end it. Idempotent; what fails is logged."""

    def health(self) -> Health:
        """How it does now."""
