import json
from importlib.metadata import EntryPoint
from pathlib import Path

import anyio
import pydicom
import pytest
import structlog

from pacsd.api.errors import HookError, PluginError
from pacsd.api.plugin import Logger
from pacsd.api.reception import Reception
from pacsd.app.conf.errors import ConfigErrors
from pacsd.app.conf.settings import Config, StoreSettings
from pacsd.app.plugins.beside import tasks_beside
from pacsd.app.plugins.life import Plugins
from pacsd.app.plugins.loading import load
from pacsd.archive.ingest import Ingest, InstanceRequest
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.objects import data_set
from tests.api.hookspecs.test_associations import REQUEST

TRUSTED = {"trusted": True}


def logger(name: str) -> Logger:
    made: Logger = structlog.get_logger(name)
    return made


def load_samples(path: Path, tables: dict[str, dict[str, object]], **classes: str) -> Plugins:
    """Load classes of `samples`, the first being the store's plugin; all are trusted."""
    installed = {
        name: EntryPoint(name, f"tests.app.plugins.samples:{attr}", "pacsd.plugins")
        for name, attr in classes.items()
    }
    config = Config(
        store=StoreSettings(name=next(iter(classes))),
        plugins={name: {**TRUSTED, **tables.get(name, {})} for name in classes},
    )
    return load(config, path, logger, installed=installed)


@pytest.mark.parametrize(
    ("config", "lines"),
    [
        (
            Config(store=StoreSettings(name="stoer_fs")),
            "store.name: plugin 'stoer_fs' is not installed; did you mean store_fs?",
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
        (
            Config(plugins={"store_fs": {"isolation": "jail", "memory_mb": "much"}}),
            (
                "plugins.store_fs.isolation = \"jail\": must be 'inline', 'thread' or 'process'\n"
                'plugins.store_fs.memory_mb = "much": must be a whole number'
            ),
        ),
    ],
)
def test_c01_everything_wrong_with_the_tables_is_told(
    tmp_path: Path, config: Config, lines: str
) -> None:
    with pytest.raises(ConfigErrors) as raised:
        load(config, tmp_path, logger).check()
    assert str(raised.value) == lines


def test_the_tables_of_all_plugins_are_looked_at(tmp_path: Path) -> None:
    tables: dict[str, dict[str, object]] = {"keys": {"depth": "x"}, "more": {"width": 1}}
    with pytest.raises(ConfigErrors) as raised:
        load_samples(tmp_path, tables, unbuilt="Unbuilt", keys="Keys", more="Keys").check()
    assert [error.key for error in raised.value.errors] == [
        "plugins.keys.depth",
        "plugins.more.width",
    ]


@pytest.mark.parametrize(
    ("attr", "reason"),
    [
        ("Unbuilt", "cannot be constructed: raised ValueError: no bad with"),
        (
            "Misspelt",
            "unknown hook 'pacsd_asociation_requested'; did you mean pacsd_association_requested?",
        ),
        ("Misfit", "connection"),
        ("NOT_A_PLUGIN", "samples:NOT_A_PLUGIN is no pacsd.api.plugin.Plugin"),
        ("MISSING", "cannot be imported: raised AttributeError"),
        ("Newer", "is made for version 2 to 3 of pacsd.api, which is 1 here"),
        ("Hiding", "its settings have keys of the daemon: memory_mb, trusted"),
    ],
)
def test_p05_what_does_not_fit_names_the_plugin(tmp_path: Path, attr: str, reason: str) -> None:
    # The first of them is the store, which is looked at last.
    [fault, good] = load_samples(tmp_path, {}, good="Quiet", bad=attr).check()
    assert str(good) == "plugin good: good is not well"
    assert isinstance(fault, PluginError)
    assert fault.plugin == "bad"
    assert reason in str(fault)


async def test_hooks_are_there_once_all_have_started(tmp_path: Path) -> None:
    plugins = load_samples(tmp_path, {}, gate="Gate", one="Quiet")
    async with tasks_beside() as tasks:
        await plugins.start(tasks)
        refusal = await plugins.hooks.association_requested(request=REQUEST)
        await plugins.stop()
    assert refusal is not None
    assert refusal.explanation == "gate knows no CT1"


async def test_a_plugin_named_as_store_that_is_none_is_told(tmp_path: Path) -> None:
    plugins = load_samples(tmp_path, {}, one="Quiet")
    async with tasks_beside() as tasks:
        await plugins.start(tasks)
        with pytest.raises(HookError, match="no plugin provides 'one'"):
            await plugins.hooks.blob_store("one")
        await plugins.stop()


async def test_an_instance_goes_through_the_configured_store_into_a_file(tmp_path: Path) -> None:
    plugins = load(Config(), tmp_path, logger)
    assert plugins.check() == []
    async with tasks_beside() as tasks:
        await plugins.start(tasks)
        await store_one(plugins)
        await plugins.stop()
    check_file(tmp_path / "store/objects")


async def store_one(plugins: Plugins) -> None:
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


def check_file(objects: Path) -> None:
    [path] = objects.rglob("*.dcm")
    ds = pydicom.dcmread(path)
    assert ds.PatientID == "P001"
    assert ds.file_meta.MediaStorageSOPInstanceUID == "1.2.3.4"
    assert ds.file_meta.SendingApplicationEntityTitle == "CT1"
    assert json.loads(ds.file_meta.PrivateInformation)["peer_address"] == "192.0.2.7"
    assert path.stat().st_mode & 0o777 == 0o600
