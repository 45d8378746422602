from pathlib import Path

import structlog

from pacsd.api.plugin import Host, Logger, Plugin
from pacsd.api.settings import Settings


async def test_a_plugin_without_a_life_of_its_own_lives() -> None:
    logger: Logger = structlog.get_logger()
    host = Host("quiet", Path("data"), logger)
    plugin = Plugin(host, Settings())
    assert list(plugin.check()) == []
    await plugin.startup()
    await plugin.shutdown()
    assert plugin.host is host
