"""A home for an object that implements hooks, without any entry point."""

from pathlib import Path
from typing import cast

import structlog

from pacsd.api.plugin import Host, Plugin
from pacsd.api.settings import Settings
from pacsd.app.isolation.home import Enabled, State
from pacsd.app.isolation.inline import InlineHome
from pacsd.app.isolation.loading import Loaded, implementations_of


class ObjectHome(InlineHome):
    """A plugin that lives in this process, and runs already.

    Raises:
        PluginError: its hooks do not fit the specifications.
    """

    def __init__(self, name: str, implementing: object) -> None:
        host = Host(name, Path(), structlog.get_logger("test"))
        super().__init__(Enabled(name, "", {}, Path()), host)
        plugin = cast("Plugin[Settings]", implementing)
        self._loaded = Loaded(plugin, implementations_of(name, plugin))
        self._state = State.RUNNING
