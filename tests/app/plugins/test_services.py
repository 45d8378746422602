from pathlib import Path

import pytest

from pacsd.api.hooks import hookimpl
from pacsd.api.host import HostError
from pacsd.api.keys import Key
from pacsd.api.plugin import Host
from pacsd.app.plugins.services import HostServices
from pacsd.testing.fake_host import RecordingLogger
from tests.api.hookspecs.hooks_of import hooks_of
from tests.app.plugins.conftest import NOW_US


async def test_it_can_be_asked_while_the_archive_is_open(services: HostServices) -> None:
    values = services.values_of("acme")
    services.close()
    with pytest.raises(HostError, match="the archive is not open"):
        await values.get("a")
    with pytest.raises(HostError, match="the archive is not open"):
        await services.jobs_of("acme").enqueue("x")


async def test_what_a_plugin_counts_is_its_own(services: HostServices, tmp_path: Path) -> None:
    host = services.host(Host("acme", tmp_path, RecordingLogger()))
    host.metrics.count("sent")
    assert services.metrics["acme"].value("sent") == 1


class Vault:
    @hookimpl
    async def pacsd_key(self) -> Key | None:
        return Key("1", b"open sesame")


async def test_keys_are_there_once_all_plugins_have_started_and_while_they_run() -> None:
    services = HostServices(lambda: NOW_US)
    with pytest.raises(HostError, match="once every plugin has started up, not before"):
        await services.keys_of("user").get("door")
    services.give_keys(hooks_of(Vault()).key)
    services.close()
    assert (await services.keys_of("user").get("door")).key_id == "1"
