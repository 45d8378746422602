"""The life of a plugin.

    entry point listed -> imported, when the configuration names it -> its table decoded by
    `settings_class` -> constructed -> `check` -> hooks registered -> `startup` ... `shutdown`

A plugin is a package with an entry point of the group `pacsd.plugins` that names a subclass of
Plugin. It implements hooks as methods marked with `pacsd.api.hooks.hookimpl`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Generic, Protocol, TypeVar

from pacsd.api.audit import NO_AUDIT, Audit
from pacsd.api.host import NOWHERE, Clock, Jobs, SystemClock, Values
from pacsd.api.instances import NO_INSTANCES, Instances
from pacsd.api.keys import NO_KEYS, Keys
from pacsd.api.labels import NO_LABELS, Labels
from pacsd.api.metrics import NO_METRICS, Metrics
from pacsd.api.settings import Settings

ENTRY_POINT_GROUP = "pacsd.plugins"

API_VERSION = 1
"""Of pacsd.api as it is now: it rises with each change that a plugin may have to follow."""

DAEMON_KEYS = frozenset({"isolation", "memory_mb", "trusted"})
"""Keys of a plugin's table that are the daemon's business: no settings may have these names."""

PluginSettings = TypeVar("PluginSettings", bound=Settings)


class Logger(Protocol):
    """Writes one event per line, with its fields; no patient values at `info` and above."""

    def debug(self, event: str, /, **fields: object) -> object:
        """Tell what helps to find an error."""

    def info(self, event: str, /, **fields: object) -> object:
        """Tell what happened."""

    def warning(self, event: str, /, **fields: object) -> object:
        """Tell what somebody should look at."""

    def error(self, event: str, /, **fields: object) -> object:
        """Tell what failed."""

    def exception(self, event: str, /, **fields: object) -> object:
        """Tell what failed, with the exception being handled."""


@dataclass(frozen=True, slots=True)
class Host:
    """What the daemon gives a plugin: its name, the data directory and a logger of its own.

    Under `data_dir` a plugin uses only names that begin with its own name, and `store` if it is
    the store. What is durable, and `instances`, is there once the archive is open.
    """

    name: str
    data_dir: Path
    logger: Logger
    values: Values = NOWHERE
    jobs: Jobs = NOWHERE
    instances: Instances = NO_INSTANCES
    labels: Labels = NO_LABELS
    audit: Audit = NO_AUDIT
    keys: Keys = NO_KEYS
    metrics: Metrics = NO_METRICS
    clock: Clock = field(default_factory=SystemClock)


class Plugin(Generic[PluginSettings]):
    """Base of every plugin. Construction has no side effects: no files, threads or sockets."""

    settings_class: ClassVar[type[Settings]] = Settings

    api_versions: ClassVar[range] = range(1, 2)
    """The versions of pacsd.api that it works with; with another one it is not loaded."""

    def __init__(self, host: Host, settings: PluginSettings) -> None:
        self.host = host
        self.settings = settings

    def check(self) -> Sequence[str]:
        """Everything that would keep the plugin from working, a sentence each.

        Touches nothing; may block. Also run by `pacsd check`, beside a running daemon.
        """
        return ()

    async def startup(self) -> None:
        """Begin to work, on the event loop; raising keeps the daemon from starting."""

    async def shutdown(self) -> None:
        """End all work. Called in reverse order of startup, also when startup raised."""
