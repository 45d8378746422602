"""A plugin's Host is the same for it wherever it lives."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.dispatch.tally import Tally
from pacsd.api.host import HostError
from pacsd.api.keys import Key, KeyMissing
from pacsd.api.plugin import Host
from pacsd.app.isolation.home import Enabled, Home
from pacsd.app.isolation.inline import InlineHome
from pacsd.app.isolation.process import GuestProcess
from pacsd.app.isolation.thread import ThreadHome
from pacsd.app.plugins.hooks import make_hooks
from pacsd.app.plugins.services import HostServices
from pacsd.testing.fake_host import FakeHost, fake_host
from pacsd.testing.host_contract import KEY, KEY_NAME
from tests.app.isolation.homes import HOOK, host_of, importable, living
from tests.app.isolation.recording_logger import RecordingLogger
from tests.app.serving_host import serving

HOMES: dict[str, Callable[[Enabled, Host], Home]] = {
    "inline": InlineHome,
    "thread": ThreadHome,
    "process": GuestProcess,
}


def memory_host(folder: Path) -> FakeHost:
    """With the key that every Host is asked for."""
    host = fake_host(folder)
    host.keys.provided[KEY_NAME] = KEY
    return host


async def said(level: str, host: Host, folder: Path, called_ae: str = "PACSD") -> str:
    """What the plugin that asks for everything answers."""
    enabled = Enabled("bad", "tests.app.isolation.keeping:Keeping", {}, folder)
    request = AssociationRequest("CT1", called_ae, "192.0.2.7", 5000, None, (), "1.2.3", "")
    with importable():
        async with living(HOMES[level](enabled, host)) as home:
            answer = await home.call(HOOK, {"request": request})
    assert isinstance(answer, Refusal)
    return answer.explanation


@pytest.mark.parametrize("level", HOMES)
async def test_all_that_a_host_does_it_does_wherever_the_plugin_lives(
    tmp_path: Path, level: str
) -> None:
    async with serving(tmp_path) as services:
        host = services.host(host_of(RecordingLogger(), tmp_path))
        assert await said(level, host, tmp_path) == "all is well"
        found = await services.stored.of_study("1.2.3", "", "")
        assert len(found) == 3


@pytest.mark.parametrize("level", HOMES)
async def test_the_host_in_memory_does_the_same(tmp_path: Path, level: str) -> None:
    assert await said(level, memory_host(tmp_path), tmp_path) == "all is well"


@pytest.mark.parametrize("level", HOMES)
async def test_what_is_refused_is_told(tmp_path: Path, level: str) -> None:
    host = host_of(RecordingLogger(), tmp_path)
    refused = "refused: there is no daemon that keeps anything"
    assert await said(level, host, tmp_path, "1.2") == refused
    told = "refused: SOP Instance UID '1.2': there is no such instance"
    assert await said(level, fake_host(tmp_path), tmp_path, "1.2") == told


@pytest.mark.parametrize("level", HOMES)
async def test_what_is_counted_arrives(tmp_path: Path, level: str) -> None:
    host = memory_host(tmp_path)
    assert await said(level, host, tmp_path) == "all is well"
    assert host.metrics.value("studies", modality="CT") == 2
    assert (host.metrics.value("waiting"), host.metrics.value("seconds")) == (7, 0.3)


@asynccontextmanager
async def vaults(
    folder: Path, levels: Mapping[str, str], needs: Mapping[str, str]
) -> AsyncIterator[HostServices]:
    """Plugins that each provide the key of their name, made of another's, in homes of a level."""
    services = HostServices(lambda: 0)
    homes: dict[str, Home] = {}
    with importable():
        async with AsyncExitStack() as stack:
            for name, level in levels.items():
                host = services.host(Host(name, folder, RecordingLogger()))
                table = {"needs": needs.get(name, "")}
                enabled = Enabled(name, "tests.app.isolation.keyed:Vault", table, folder)
                homes[name] = await stack.enter_async_context(living(HOMES[level](enabled, host)))
            services.give_keys(make_hooks(homes, Tally(), lambda _: None).key)
            yield services


@pytest.mark.parametrize("level", HOMES)
async def test_a_key_is_provided_and_asked_for_from_any_home(tmp_path: Path, level: str) -> None:
    levels = {"data": level, "master": "process"}
    async with vaults(tmp_path, levels, {"data": "master"}) as services:
        key = await services.keys_of("user").get("data")
        assert key == Key("data", b"secret of master, of data")


@pytest.mark.parametrize("level", HOMES)
async def test_p05_a_circle_is_found_whatever_homes_it_goes_through(
    tmp_path: Path, level: str
) -> None:
    levels = {"a": level, "b": "thread", "c": "process"}
    async with vaults(tmp_path, levels, {"a": "b", "b": "c", "c": "a"}) as services:
        with pytest.raises(HostError, match="each needs the next one: a -> b -> c -> a"):
            await services.keys_of("user").get("a")


@pytest.mark.parametrize("level", HOMES)
@pytest.mark.parametrize(
    ("name", "raised"), [("broken", "RuntimeError"), ("impostor", "PluginError")]
)
async def test_p04_no_home_tells_what_a_provider_raised(
    tmp_path: Path, level: str, name: str, raised: str
) -> None:
    async with vaults(tmp_path, {name: level}, {}) as services:
        with pytest.raises(KeyMissing) as failed:
            await services.keys_of("user").get(name)
        assert str(failed.value) == f"key '{name}': plugin {name}: pacsd_key: raised {raised}"
