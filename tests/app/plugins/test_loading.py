import json
from importlib.metadata import EntryPoint
from pathlib import Path

import anyio
import pydicom
import pytest
import structlog

from pacsd.api import hooks
from pacsd.api.acceptance import AssociationRequest
from pacsd.api.errors import HookError, PluginError
from pacsd.api.plugin import Host, Logger, Plugin
from pacsd.api.reception import Reception
from pacsd.api.settings import Settings
from pacsd.app.conf.errors import ConfigErrors
from pacsd.app.conf.settings import Config, StoreSettings
from pacsd.app.plugins.life import Plugins
from pacsd.app.plugins.loading import load
from pacsd.archive.ingest import Ingest, InstanceRequest
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.objects import data_set

ASSOCIATION = AssociationRequest("CT1", "PACSD", "192.0.2.7", 5000, None, (), "1.2.3", "CT")
LIFE: list[str] = []


class Quiet(Plugin[Settings]):
    """Writes down what happens to it."""

    def check(self) -> list[str]:
        return [f"{self.host.name} is not well"]

    async def startup(self) -> None:
        LIFE.append(f"{self.host.name} up")

    async def shutdown(self) -> None:
        LIFE.append(f"{self.host.name} down")


class Unbuilt(Plugin[Settings]):
    def __init__(self, host: Host, settings: Settings) -> None:
        raise ValueError(f"no {host.name} with {settings}")


class Misspelt(Plugin[Settings]):
    @hooks.hookimpl
    def pacsd_asociation_requested(self) -> None: ...


class Misfit(Plugin[Settings]):
    @hooks.hookimpl
    def pacsd_association_requested(self, connection: object) -> None: ...


class KeysSettings(Settings):
    depth: int = 3


class Keys(Plugin[KeysSettings]):
    settings_class = KeysSettings


NOT_A_PLUGIN = 7


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, "pacsd.plugins")


def logger(name: str) -> Logger:
    made: Logger = structlog.get_logger(name)
    return made


class InThisModule(EntryPoint):
    """An entry point to a class of this module."""

    def load(self) -> object:
        return globals()[self.attr]


def load_classes(path: Path, tables: dict[str, dict[str, object]], **classes: str) -> Plugins:
    """Load the classes named, the first being the store's plugin."""
    installed = {
        name: InThisModule(name, f"here:{attr}", "pacsd.plugins") for name, attr in classes.items()
    }
    config = Config(
        store=StoreSettings(name=next(iter(classes))),
        plugins={name: tables.get(name, {}) for name in classes},
    )
    return load(config, path, logger, installed=installed)


@pytest.mark.parametrize(
    ("config", "lines"),
    [
        (
            Config(store=StoreSettings(name="store_sf")),
            "store.name: plugin 'store_sf' is not installed; did you mean store_fs?",
        ),
        (
            Config(plugins={"acme": {}}),
            "plugins.acme: plugin 'acme' is not installed",
        ),
        (
            Config(plugins={"store_fs": {"treads": 1, "durability": 3}}),
            (
                "plugins.store_fs.durability = 3: must be 'full' or 'relaxed'\n"
                "plugins.store_fs.treads: unknown key; did you mean threads?"
            ),
        ),
    ],
)
def test_everything_wrong_with_the_tables_is_told(
    tmp_path: Path, config: Config, lines: str
) -> None:
    with pytest.raises(ConfigErrors) as raised:
        load(config, tmp_path, logger)
    assert str(raised.value) == lines


def test_the_tables_of_all_plugins_are_decoded_before_any_is_made(tmp_path: Path) -> None:
    tables: dict[str, dict[str, object]] = {"keys": {"depth": "x"}, "more": {"width": 1}}
    with pytest.raises(ConfigErrors) as raised:
        load_classes(tmp_path, tables, unbuilt="Unbuilt", keys="Keys", more="Keys")
    assert [error.key for error in raised.value.errors] == [
        "plugins.keys.depth",
        "plugins.more.width",
    ]


@pytest.mark.parametrize(
    ("attr", "reason"),
    [
        ("Unbuilt", "cannot be constructed: no bad with"),
        ("Misspelt", "unknown hook 'pacsd_asociation_requested'"),
        ("Misfit", "connection"),
        ("NOT_A_PLUGIN", "here:NOT_A_PLUGIN is no pacsd.api.plugin.Plugin"),
        ("MISSING", "cannot be imported: 'MISSING'"),
    ],
)
def test_what_does_not_fit_names_the_plugin(tmp_path: Path, attr: str, reason: str) -> None:
    with pytest.raises(PluginError) as raised:
        load_classes(tmp_path, {}, good="Quiet", bad=attr)
    assert raised.value.plugin == "bad"
    assert reason in str(raised.value)


async def test_a_plugin_named_as_store_that_is_none_is_told(tmp_path: Path) -> None:
    plugins = load_classes(tmp_path, {}, one="Quiet")
    with pytest.raises(HookError, match="no plugin provides 'one'"):
        await plugins.hooks.blob_store("one")


async def test_an_instance_goes_through_the_configured_store_into_a_file(tmp_path: Path) -> None:
    plugins = load(Config(), tmp_path, logger)
    assert plugins.check() == []
    await plugins.start()
    register = MemoryRegister()
    ingest = Ingest(await plugins.hooks.blob_store("store_fs"), register, now_us=lambda: 0)
    is_started = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ingest.run, is_started.set)
        await is_started.wait()
        intake = ingest.begin(
            InstanceRequest(
                "1.2.840.10008.5.1.4.1.1.2",
                "1.2.3.4",
                "1.2.840.10008.1.2.1",
                Reception(1, "CT1", "PACSD", "192.0.2.7", 5, "dimse"),
            )
        )
        intake.write(data_set({"PatientID": "P001"}))
        await intake.finish()
        tasks.cancel_scope.cancel()
    await plugins.stop()
    [kept] = register.instances.values()
    check_file(tmp_path / "store/objects" / kept.copy.key)


def check_file(path: Path) -> None:
    ds = pydicom.dcmread(path)
    assert ds.PatientID == "P001"
    assert ds.file_meta.MediaStorageSOPInstanceUID == "1.2.3.4"
    assert ds.file_meta.SendingApplicationEntityTitle == "CT1"
    assert json.loads(ds.file_meta.PrivateInformation)["peer_address"] == "192.0.2.7"
    assert path.stat().st_mode & 0o777 == 0o600
