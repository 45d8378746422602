"""The home of each plugin that the configuration names."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint

from pacsd.api.plugin import Host
from pacsd.app.isolation.home import Enabled, Home
from pacsd.app.isolation.inline import InlineHome
from pacsd.app.isolation.life import Limits
from pacsd.app.isolation.process import GuestProcess
from pacsd.app.isolation.thread import ThreadHome
from pacsd.app.plugins.living import Isolation, living_of, own_keys


def home_of(entry_point: EntryPoint, table: Mapping[str, object], host: Host) -> Home:
    """Where a plugin is going to live; nothing of it is imported yet.

    Raises:
        LivingRefused: the keys of its table that say so are wrong.
    """
    isolation, living = living_of(table, entry_point)
    enabled = Enabled(entry_point.name, entry_point.value, own_keys(table), host.data_dir)
    if isolation is Isolation.INLINE:
        return InlineHome(enabled, host)
    if isolation is Isolation.THREAD:
        return ThreadHome(enabled, host)
    return GuestProcess(enabled, host, limits=Limits(memory_mb=living.memory_mb))
